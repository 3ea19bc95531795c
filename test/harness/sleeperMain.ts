/**
 * The program that `Sleeper` starts: it tells what it hears, as lines of JSON.
 */
import { WeirClient } from "@weir/client/WeirClient"
import type { Heard } from "./Sleeper.ts"

const [url, tokenUrl, ...channels] = process.argv.slice(2) as [string, string, ...Array<string>]
const tell = (heard: Heard) => console.log(JSON.stringify(heard))

const client = new WeirClient({
  url,
  token: async () => (await fetch(tokenUrl)).text(),
  onState: (state) => tell({ state })
})
for (const channel of channels) {
  client.subscribe(channel, {
    onPublication: ({ data }) => tell({ channel, data }),
    onGap: ({ reason }) => tell({ channel, gap: reason }),
    onSubscribed: ({ recovered }) => tell({ channel, recovered })
  })
}
client.connect()
