/**
 * Job: what a driver process is told to do.
 *
 * Each kind has a file in `jobs/`, which exports the shapes of its job and of its
 * result, and `run`.
 */

/** Goes to the driver as JSON. */
export interface JobKind {
  readonly kind: string
}

export interface DriverEvent {
  /** `result`, `failed`, or whatever else a job has to say. */
  readonly event: string
  readonly [field: string]: unknown
}

export interface JobContext {
  readonly emit: (event: DriverEvent) => void
  /** The next line that the scenario says after the job itself. */
  readonly nextLine: () => Promise<string>
}

export type RunJob<J extends JobKind, R> = (job: J, context: JobContext) => Promise<R>
