import { StrictMode } from "react"
import { createRoot } from "react-dom/client"
import { App } from "./App.tsx"
import "./console.css"

createRoot(document.getElementById("page")!).render(
  <StrictMode>
    <App />
  </StrictMode>
)
