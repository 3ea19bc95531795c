/**
 * Logs: lines for people on a terminal, JSON lines for everything else.
 *
 * On standard error: standard output belongs to what a command prints.
 */
import { Layer, Logger, type LogLevel, References } from "effect"

export type LogFormat = "pretty" | "json"

const toStderr = (format: LogFormat) =>
  format === "json" ? Logger.formatJson : Logger.formatLogFmt

export const layer = (format: LogFormat, level: LogLevel.LogLevel): Layer.Layer<never> =>
  Layer.mergeAll(
    Logger.layer([Logger.withConsoleError(toStderr(format))]),
    Layer.succeed(References.MinimumLogLevel, level)
  )
