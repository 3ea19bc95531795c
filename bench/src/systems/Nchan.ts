/**
 * Nchan: nginx with one worker, subscribers over WebSocket, publishers over HTTP.
 *
 * A channel keeps few messages, its default: its documentation advises against none
 * when publishing quickly. Subscribers hear what comes after them, and no request ends
 * a publisher's connection.
 */
import { existsSync } from "node:fs"
import { writeFile } from "node:fs/promises"
import { join } from "node:path"
import { Effect, type Scope } from "effect"
import { spawn } from "../Child.ts"
import { freePorts } from "../FreePort.ts"
import { has, locate } from "../Machine.ts"
import { BenchFailure, type Running, type StartOptions, type System } from "../System.ts"
import { temporaryDirectory } from "./TemporaryDirectory.ts"

const readyLimitMs = 15_000

/** Where distributions have it. */
const modules = [
  "/usr/lib/nginx/modules/ngx_nchan_module.so",
  "/usr/lib64/nginx/modules/ngx_nchan_module.so"
]

const config = (module: string, directory: string, port: number): string => `
load_module ${module};
daemon off;
worker_processes 1;
pid ${directory}/nginx.pid;
error_log stderr notice;
${process.getuid?.() === 0 ? "user root;" : ""}
events {
  worker_connections 20000;
}
http {
  access_log off;
  client_body_temp_path ${directory}/body;
  proxy_temp_path ${directory}/proxy;
  fastcgi_temp_path ${directory}/fastcgi;
  uwsgi_temp_path ${directory}/uwsgi;
  scgi_temp_path ${directory}/scgi;
  keepalive_requests 1000000000;
  keepalive_timeout 1h;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location ~ ^/(.+)$ {
      nchan_subscriber websocket;
      nchan_subscriber_first_message newest;
      nchan_channel_id $1;
    }
  }
  server {
    listen 127.0.0.1:${port + 1};
    location = /status {
      nchan_stub_status;
    }
    location ~ ^/(.+)$ {
      nchan_publisher http;
      nchan_message_buffer_length 10;
      nchan_message_timeout 10s;
      nchan_channel_id $1;
    }
  }
}
`

const versionOf = (address: string): Effect.Effect<string, BenchFailure> =>
  Effect.tryPromise({
    try: async () => {
      const text = await (await fetch(`http://${address}/status`)).text()
      return /nchan version: *(\S+)/.exec(text)?.[1] ?? "unknown"
    },
    catch: (error) => new BenchFailure({ message: `nchan: ${error}` })
  })

const start = Effect.fnUntraced(function* ({
  serverCore
}: StartOptions): Effect.fn.Return<Running, BenchFailure, Scope.Scope> {
  const directory = yield* temporaryDirectory
  const file = join(directory, "nginx.conf")
  const port = yield* freePorts(2)
  yield* Effect.promise(() =>
    writeFile(file, config(modules.find((it) => existsSync(it))!, directory, port))
  )
  const master = yield* spawn({
    command: locate("nginx") ?? "nginx",
    args: ["-p", directory, "-c", file, "-e", "stderr"],
    ...{ core: serverCore, name: "nginx" }
  })
  const line = yield* master.nextLine((it) => /start worker process \d+/.test(it), readyLimitMs)
  const worker = Number(/start worker process (\d+)/.exec(line)![1])
  return {
    version: yield* versionOf(`127.0.0.1:${port + 1}`),
    servers: [{ name: "nginx", pid: worker }],
    others: [{ name: "nginx-master", pid: master.pid }],
    subscribing: { dialect: "plain", addresses: [`127.0.0.1:${port}`], token: "" },
    publishing: { kind: "nchan", address: `127.0.0.1:${port + 1}` }
  }
})

export const system: System = {
  name: "nchan",
  missing: () =>
    has("nginx") && modules.some((it) => existsSync(it))
      ? undefined
      : "nginx with Nchan is not installed (Debian, Ubuntu: apt-get install nginx libnginx-mod-nchan)",
  start
}
