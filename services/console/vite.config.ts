import { defineConfig, type UserConfig } from "vite"

export default defineConfig(({ command }) => {
  // Whoever starts the build, a test for example: the page is made for production.
  if (command === "build") process.env["NODE_ENV"] = "production"
  return config
})

const config: UserConfig = {
  // `vite` alone serves the page while it is worked on; Weir is then on its usual port.
  server: {
    proxy: {
      "/v1": { target: "http://127.0.0.1:8080", ws: true },
      "/dev": "http://127.0.0.1:8080"
    }
  },
  build: {
    // Nothing inline: the page's content security policy allows files only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false }
  }
}
