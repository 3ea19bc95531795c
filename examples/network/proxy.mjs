// A network that can be cut: node examples/network/proxy.mjs
//
// Clients connect to 127.0.0.1:8088 instead of 127.0.0.1:8080. In another terminal:
//   curl -X POST http://127.0.0.1:8089/cut        every connection is reset, new ones are refused
//   curl -X POST http://127.0.0.1:8089/stall      connections stay, and nothing passes any more
//   curl -X POST http://127.0.0.1:8089/restore
import { createServer as createHttpServer } from "node:http"
import { connect, createServer } from "node:net"

let state = "restore"
const sockets = new Set()

createServer((client) => {
  if (state === "cut") return client.resetAndDestroy()
  const server = connect(8080, "127.0.0.1")
  for (const [from, to] of [
    [client, server],
    [server, client]
  ]) {
    sockets.add(from)
    from.on("data", (bytes) => {
      if (!to.write(bytes)) from.pause()
    })
    to.on("drain", () => {
      if (state !== "stall") from.resume()
    })
    from.on("error", () => {})
    from.on("close", () => {
      sockets.delete(from)
      to.destroy()
    })
    if (state === "stall") from.pause()
  }
}).listen(8088, "127.0.0.1")

createHttpServer((request, response) => {
  const wish = request.url.slice(1)
  if (request.method === "POST" && ["cut", "stall", "restore"].includes(wish)) {
    state = wish
    for (const socket of sockets) {
      if (state === "cut") socket.resetAndDestroy()
      else if (state === "stall") socket.pause()
      else socket.resume()
    }
    return response.end(`${state}: ${sockets.size} sockets\n`)
  }
  response.writeHead(404).end("POST /cut, /stall or /restore\n")
}).listen(8089, "127.0.0.1", () => console.log("8088 passes on to 8080, 8089 cuts it"))
