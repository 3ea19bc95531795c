/**
 * bundlePage: a script and all that it imports, as one text for a browser.
 */
import { dirname } from "node:path"
import { build } from "vite"

/** `mode`: React in `development` shows what is wrong. */
export const bundlePage = async (
  file: string,
  mode: "development" | "production" = "production"
): Promise<string> => {
  const result = await build({
    root: dirname(file),
    configFile: false,
    logLevel: "silent",
    define: { "process.env.NODE_ENV": JSON.stringify(mode) },
    build: {
      write: false,
      minify: mode === "production",
      rolldownOptions: { input: file }
    }
  })
  if (!Array.isArray(result) && "output" in result) return result.output[0].code
  throw new Error(`${file} became more than one script`)
}
