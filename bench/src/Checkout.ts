/**
 * Checkout: whose Weir is measured: this one, or the one that `--weir DIR` names.
 *
 * In the environment, so that every process of the harness means the same.
 */
import { resolve } from "node:path"
import { fileURLToPath } from "node:url"

const variable = "WEIR_BENCH_ROOT"

const own = fileURLToPath(new URL("../../", import.meta.url))

export const checkout = (): string => process.env[variable] ?? own

export const useCheckout = (directory: string): void => {
  process.env[variable] = resolve(directory)
}
