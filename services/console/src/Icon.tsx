/**
 * Icon: the few drawings of the page, in the colour and size of the words beside them.
 */

const drawings = {
  chat: "M4 5h16v11H9l-5 4z",
  cursors: "M5 3l14 8-6 2-3 6z",
  chart: "M4 4v16h16M7 15l4-5 3 3 5-7",
  inspect: "M10.5 4a6.5 6.5 0 1 0 0 13 6.5 6.5 0 0 0 0-13zM15.5 15.5L20 20",
  connection: "M9 3v5M15 3v5M6 8h12v3a6 6 0 0 1-12 0zM12 17v4",
  system: "M3 5h18v11H3zM8 20h8M12 16v4",
  light:
    "M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v3M12 19v3M2 12h3M19 12h3M5 5l2 2M17 17l2 2M19 5l-2 2M7 17l-2 2",
  dark: "M19 14.5A8 8 0 0 1 9.5 5a8 8 0 1 0 9.5 9.5z",
  leave: "M10 4H5v16h5M14 8l4 4-4 4M18 12H9"
} as const

export const Icon = ({ name }: { readonly name: keyof typeof drawings }) => (
  <svg className="icon" viewBox="0 0 24 24" width="20" height="20" aria-hidden="true">
    <path d={drawings[name]} />
  </svg>
)
