/**
 * ChildEnvironment: what a process that Weir starts finds in its environment: our
 * own, with some variables set anew, and others only where nobody has set them.
 */
export const childEnvironment = (
  variables: Readonly<Record<string, string>>,
  defaults: Readonly<Record<string, string>> = {}
): Record<string, string | undefined> => ({ ...defaults, ...process.env, ...variables })
