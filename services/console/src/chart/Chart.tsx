/**
 * Chart: the numbers that anybody publishes to a channel, as they come.
 */
import { useChannel } from "@weir/client/react/useChannel"
import { useReducer } from "react"
import { CommandLine } from "../CommandLine.tsx"
import { useLine } from "../line/LineContext.tsx"
import { useObservable } from "../line/useObservable.ts"
import { Refusal } from "../Refusal.tsx"
import { ViewHeader } from "../ViewHeader.tsx"
import "./chart.css"
import { chartAfter, emptyChart } from "./ChartState.ts"
import { DEMO } from "./Feeder.ts"
import { Plot } from "./Plot.tsx"

const curl = `curl -H 'authorization: Bearer dev-key' \\
  -d '{"channel":"${DEMO}","data":{"value":42}}' \\
  ${location.origin}/v1/publish`

export const Chart = () => {
  const { feeder } = useLine()
  const isOn = useObservable(feeder.isOn)
  const [state, dispatch] = useReducer(chartAfter, emptyChart)
  const { error } = useChannel(DEMO, {
    onPublication: (publication) => dispatch({ type: "publication", publication }),
    onGap: (gap) => dispatch({ type: "gap", gap })
  })

  return (
    <section className="view chart scrolls" aria-labelledby="title">
      <ViewHeader title={DEMO}>
        <button
          type="button"
          className={isOn ? "quiet" : "primary"}
          aria-pressed={isOn}
          data-testid="feed"
          onClick={() => (isOn ? feeder.stop() : feeder.start())}
        >
          {isOn ? "Stop feeding" : "Feed it"}
        </button>
      </ViewHeader>
      <Refusal error={error} />
      <div className="panels">
        <div className="panel">
          <Plot state={state} />
        </div>
        <div className="panel">
          <h2>From a terminal</h2>
          <p className="faint">
            A number is drawn by who published it. <code>{`{"series":{"a":1,"b":2}}`}</code> draws
            several lines. The channel keeps nothing: what you see came while you looked.
          </p>
          <CommandLine command={curl} />
        </div>
      </div>
    </section>
  )
}
