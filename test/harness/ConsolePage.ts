/**
 * ConsolePage: a real browser, and its tabs on the console page of a server.
 */
import { chromium, type Page } from "playwright-core"
import { chromiumOptions } from "./chromium.ts"

// Two cores run the server and several tabs.
const STEP_LIMIT_MS = 20_000

export interface Browser {
  /** What pages have complained of since this was last asked: errors, and the console's. */
  readonly complaints: () => ReadonlyArray<string>
  /** A tab that is not signed in. `prepare` runs in the page before the page's own code. */
  readonly open: (url: string, prepare?: () => void) => Promise<Page>
  /** A tab that is signed in and connected. */
  readonly signIn: (url: string, name: string, prepare?: () => void) => Promise<Page>
  readonly closeTabs: () => Promise<void>
  readonly close: () => Promise<void>
}

export const launch = async (): Promise<Browser> => {
  const browser = await chromium.launch(chromiumOptions)
  const complaints: Array<string> = []

  const open = async (url: string, prepare?: () => void) => {
    // A window for each: of the tabs of one, those behind are drawn once a second.
    const page = await browser.newPage()
    page.setDefaultTimeout(STEP_LIMIT_MS)
    if (prepare !== undefined) await page.addInitScript(prepare)
    page.on("pageerror", ({ message }) => complaints.push(message))
    page.on("console", (message) => {
      if (message.type() === "error") complaints.push(message.text())
    })
    await page.goto(url)
    return page
  }
  return {
    complaints: () => complaints.splice(0),
    open,
    signIn: async (url, name, prepare) => {
      const page = await open(url, prepare)
      await page.getByTestId("name-input").fill(name)
      await page.getByTestId("sign-in").click()
      await connected(page)
      return page
    },
    closeTabs: async () => {
      await Promise.all(browser.contexts().map((context) => context.close()))
    },
    close: () => browser.close()
  }
}

export const connected = (page: Page): Promise<void> =>
  page.locator("[data-testid=connection-state][data-state=connected]").waitFor()
