import { StrictMode } from "react"
import { createRoot } from "react-dom/client"
import { App } from "./App.tsx"
import "./console.css"
import "./shell.css"
import "./panels.css"
import { applyTheme, storedTheme } from "./Theme.ts"

applyTheme(storedTheme())

createRoot(document.getElementById("page")!).render(
  <StrictMode>
    <App />
  </StrictMode>
)
