import { defineConfig, type UserConfig } from "vite"

export default defineConfig(({ command }) => {
  // Whoever starts the build, a test for example: the page is made for production.
  if (command === "build") process.env["NODE_ENV"] = "production"
  return config
})

/** While the page is worked on, Vite's styles are inline, which the page's policy does not allow. */
const withoutPolicy = (html: string): string =>
  html.replace(/<meta\s+http-equiv="Content-Security-Policy"[^>]*>/, "")

const config: UserConfig = {
  plugins: [{ name: "without-policy", apply: "serve", transformIndexHtml: withoutPolicy }],
  // `vite` alone serves the page while it is worked on; Weir is then on its usual port.
  server: {
    proxy: {
      // A connector takes browsers from its own page only: this one is at another port.
      "/v1": { target: "http://127.0.0.1:8080", ws: true, rewriteWsOrigin: true },
      "/dev": "http://127.0.0.1:8080"
    }
  },
  build: {
    // Nothing inline: the page's content security policy allows files only.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false }
  }
}
