/**
 * servePage: a script as a page beside those that the server has, so that it is of its origin.
 */
import type { BrowserContext } from "playwright-core"

/** At `/<name>/`. Chromium gives a page that a test makes up no access to loopback unasked. */
export const servePage = async (
  browser: BrowserContext,
  name: string,
  script: string
): Promise<void> => {
  await browser.grantPermissions(["local-network-access"])
  await browser.route(`**/${name}/**`, (route) => {
    const body = `<!doctype html><script type="module" src="/${name}/page.js"></script>`
    return route.fulfill(
      route.request().url().endsWith(".js")
        ? { contentType: "text/javascript", body: script }
        : { contentType: "text/html", body }
    )
  })
}
