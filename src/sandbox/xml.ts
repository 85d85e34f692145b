// Just enough XML to read a SOAP request and to write an answer: elements, namespaces, text and CDATA. It refuses
// document types and entities of one's own, which a SOAP message may not have, and anything that is not well formed.

export type Element = { readonly namespace: string; readonly name: string; readonly children: readonly Element[]; readonly text: string }

const NAME = String.raw`[A-Za-z_][\w.-]*(?::[A-Za-z_][\w.-]*)?`
const TOKEN = new RegExp(String.raw`<!\[CDATA\[([\s\S]*?)\]\]>|<!--[\s\S]*?-->|<\?[\s\S]*?\?>|</(${NAME})\s*>|<(${NAME})((?:\s+${NAME}\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(/?)>|([^<]+)`, 'y')
const ATTRIBUTE = new RegExp(String.raw`(${NAME})\s*=\s*(?:"([^"]*)"|'([^']*)')`, 'g')
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

type Open = { readonly tag: string; readonly namespace: string; readonly name: string; readonly prefixes: ReadonlyMap<string, string>; readonly children: Element[]; text: string }

/** The root element, or undefined if the text is not well-formed XML. */
export const parseXml = (xml: string): Element | undefined => {
  // As XML says of line ends, so that no sender can rely on a bare CR.
  const text = xml.replace(/^\uFEFF/, '').replaceAll(/\r\n?/g, '\n')
  const root: Open = { tag: '', namespace: '', name: '', prefixes: new Map(), children: [], text: '' }
  const stack: Open[] = [root]
  TOKEN.lastIndex = 0
  while (TOKEN.lastIndex < text.length) {
    const here = stack.at(-1)!
    const token = TOKEN.exec(text)
    if (!token) return undefined
    const [, cdata, closing, opening, attributes = '', alone, words] = token
    if (cdata !== undefined) here.text += cdata
    else if (words !== undefined) {
      const read = unescaped(words)
      if (read === undefined) return undefined
      here.text += read
    } else if (opening !== undefined) {
      const open = opened(opening, attributes, here.prefixes)
      if (!open) return undefined
      stack.push(open)
    }
    if (closing !== undefined || alone === '/') {
      const done = stack.pop()!
      const above = stack.at(-1)
      if (!above || (closing !== undefined && closing !== done.tag)) return undefined
      above.children.push({ namespace: done.namespace, name: done.name, children: done.children, text: done.text })
    }
  }
  return stack.length === 1 && root.children.length === 1 && root.text.trim() === '' ? root.children[0] : undefined
}

const opened = (tag: string, attributes: string, above: ReadonlyMap<string, string>): Open | undefined => {
  const prefixes = new Map(above)
  for (const [, key = '', double, single] of attributes.matchAll(ATTRIBUTE)) {
    if (key === 'xmlns') prefixes.set('', double ?? single ?? '')
    else if (key.startsWith('xmlns:')) prefixes.set(key.slice('xmlns:'.length), double ?? single ?? '')
  }
  const [prefix = '', name = ''] = tag.includes(':') ? tag.split(':') : ['', tag]
  const namespace = prefixes.get(prefix)
  return namespace === undefined && prefix !== '' ? undefined : { tag, namespace: namespace ?? '', name, prefixes, children: [], text: '' }
}

const unescaped = (text: string): string | undefined => {
  let known = true
  const read = text.replaceAll(/&([^;&]*;?)/g, (_, entity: string) => {
    const number = /^#(?:x([0-9a-fA-F]{1,6})|(\d{1,7}));$/.exec(entity)
    const code = number ? Number.parseInt(number[1] ?? number[2] ?? '', number[1] ? 16 : 10) : undefined
    if (code !== undefined && code <= 0x10ffff) return String.fromCodePoint(code)
    const named = entity.endsWith(';') ? ENTITIES[entity.slice(0, -1)] : undefined
    if (named === undefined) known = false
    return named ?? ''
  })
  return known ? read : undefined
}

/** Line ends are escaped too, or the reader's XML would turn CR into LF. */
export const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;').replaceAll('\r', '&#xD;')
