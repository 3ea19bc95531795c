/**
 * CommandLine: a command for a terminal, to be copied.
 */
import { useRef, useState } from "react"

export const CommandLine = ({ command }: { readonly command: string }) => {
  const code = useRef<HTMLElement>(null)
  const [isCopied, setCopied] = useState(false)

  const copy = async () => {
    // Pages that are not served over TLS, nor from this machine, have no clipboard.
    if (navigator.clipboard === undefined) return getSelection()?.selectAllChildren(code.current!)
    await navigator.clipboard.writeText(command).then(
      () => setCopied(true),
      () => getSelection()?.selectAllChildren(code.current!)
    )
  }
  return (
    <div className="command">
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: keyboards scroll what has the focus */}
      <pre tabIndex={0}>
        <code ref={code}>{command}</code>
      </pre>
      <button type="button" className="quiet" onClick={copy} onBlur={() => setCopied(false)}>
        {isCopied ? "Copied" : "Copy"}
      </button>
    </div>
  )
}
