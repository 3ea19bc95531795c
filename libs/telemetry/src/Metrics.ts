/**
 * Metrics: counters and gauges that cost a plain update, and no fiber.
 *
 * Labels come from closed lists, never a user or a channel, so that the number
 * of series is bounded.
 */
import { Context, Metric } from "effect"

const registry = Context.empty()

export interface Counter {
  readonly add: (count?: number) => void
}

export interface Gauge {
  readonly add: (delta: number) => void
}

export const counter = (
  name: string,
  description: string,
  labels: Readonly<Record<string, string>> = {}
): Counter => {
  const metric = Metric.withAttributes(
    Metric.counter(name, { description, incremental: true }),
    labels
  )
  metric.updateUnsafe(0, registry)
  return { add: (count = 1) => metric.updateUnsafe(count, registry) }
}

/** A number that goes up and down; starts at 0. */
export const gauge = (
  name: string,
  description: string,
  labels: Readonly<Record<string, string>> = {}
): Gauge => {
  const metric = Metric.withAttributes(Metric.gauge(name, { description }), labels)
  metric.updateUnsafe(0, registry)
  return { add: (delta) => metric.modifyUnsafe(delta, registry) }
}

/** One counter for each value of a label, made when first needed. The values must be few. */
export const counterBy = (name: string, description: string, label: string) => {
  const counters = new Map<string, Counter>()
  return (value: string): Counter => {
    let found = counters.get(value)
    if (found === undefined) {
      found = counter(name, description, { [label]: value })
      counters.set(value, found)
    }
    return found
  }
}
