// Answers the rpc of Weir's clients: BACKEND_SECRET=… PORT=3001 node examples/rpc/backend.mjs
import { createServer } from "node:http"

class Refusal extends Error {
  constructor(status, message) {
    super(message)
    this.status = status
  }
}

const orders = new Map()

// Who asks is known; whether they may is decided here.
const methods = {
  "orders.place": (user, { id, amount }) => {
    if (user === "") throw new Refusal(403, "sign in first")
    if (!Number.isInteger(amount) || amount < 1) throw new Refusal(422, "amount: at least 1")
    const key = `${user} ${id}`
    // A client that had no answer asks again, with the id that it made.
    const order = orders.get(key) ?? { id, amount, placedAt: Date.now() }
    orders.set(key, order)
    return order
  },
  "orders.list": (user) =>
    [...orders].filter(([key]) => key.startsWith(`${user} `)).map(([, it]) => it)
}

const bodyOf = async (request) => {
  const chunks = []
  for await (const chunk of request) chunks.push(chunk)
  return JSON.parse(Buffer.concat(chunks).toString() || "null") ?? {}
}

const answerTo = async (request) => {
  const { headers } = request
  if (headers.authorization !== `Bearer ${process.env.BACKEND_SECRET}`)
    throw new Refusal(401, "not Weir")
  const method =
    Object.hasOwn(methods, headers["x-weir-method"]) && methods[headers["x-weir-method"]]
  if (!method) throw new Refusal(404, "no such method")
  return method(decodeURIComponent(headers["x-weir-user"]), await bodyOf(request))
}

const server = createServer(async (request, response) => {
  const [status, value] = await answerTo(request).then(
    (answer) => [200, answer],
    (error) => [error.status ?? 500, { message: error.status ? error.message : "out of order" }]
  )
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value))
})
server.listen(Number(process.env.PORT ?? 3001), "127.0.0.1", () => console.log("ready"))
