/**
 * `npm run test:access`: who may do what, by as many random operations as one likes.
 */
import { parseArgs } from "node:util"
import { run } from "./Run.ts"

const usage = `npm run test:access -- [options]

  --seed N          what is done follows from it (by default it is new each time)
  --operations N    how much of it (100000)
  --help            this`

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: String(Date.now() % 2 ** 31) },
    operations: { type: "string", default: "100000" },
    help: { type: "boolean", default: false }
  }
})

if (values.help) {
  console.log(usage)
  process.exit(0)
}

const numberOf = (name: "seed" | "operations"): number => {
  const value = Number(values[name])
  if (Number.isInteger(value) && value >= 0) return value
  console.error(`--${name}: must be a whole number, not ${values[name]} (--help shows all options)`)
  process.exit(2)
}

const seed = numberOf("seed")
console.log(`seed ${seed}`)
const { seen, wrong } = await run({
  seed,
  operations: numberOf("operations"),
  onProgress: (text) => console.error(text)
})
for (const [what, count] of [...seen].sort()) console.log(`${count}\t${what}`)
for (const it of wrong) console.log(it)
console.log(wrong.length === 0 ? "nothing that the model forbids" : "the model says otherwise")
process.exit(wrong.length === 0 ? 0 : 1)
