// Finds a name that stands twice in one JSON object. `JSON.parse` silently keeps the last one, and a document that
// says both share and do not share must never be read as share. It refuses nothing: the text is valid JSON already.

/** The first repeated name's depth-first place (`metadata.patient`: the object it stands in), or undefined. */
export const repeatedName = (json: string): string | undefined => {
  const tokens = /"(?:[^"\\]|\\.)*"|[{}[\]:,]/gu
  const open: { names: Set<string>; at: string; name?: string; array: boolean }[] = []
  let text: string | undefined
  for (let match = tokens.exec(json); match; match = tokens.exec(json)) {
    const [token] = match
    const top = open.at(-1)
    if (token === '{' || token === '[') open.push({ names: new Set(), at: top ? (top.array ? top.at : `${top.at}.${top.name ?? ''}`) : 'metadata', array: token === '[' })
    else if (token === '}' || token === ']') open.pop()
    else if (token === ':' && top && text !== undefined) {
      if (top.names.has(text)) return top.at
      top.names.add(text)
      top.name = text
    } else if (token.startsWith('"')) text = JSON.parse(token) as string
  }
  return undefined
}
