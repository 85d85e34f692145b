// Charts as text: an element of SVG from its name, attributes and what is inside, every value escaped. It refuses style
// attributes and scripts, which the pages' policy would not let through: looks are classes, places are attributes.
export type Attributes = { readonly [name: string]: string | number | undefined }

const ESCAPES: { readonly [character: string]: string } = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }
const escape = (text: string): string => text.replaceAll(/[&<>"']/gu, (character) => ESCAPES[character]!)

/** A piece of SVG; only `element` and `words` make one. */
export type Piece = { readonly svg: string }

const shown = (value: string | number): string => (typeof value === 'number' ? String(Math.round(value * 100) / 100) : escape(value))

export const element = (name: string, attributes: Attributes, ...inside: readonly Piece[]): Piece => {
  const written = Object.entries(attributes).flatMap(([attribute, value]) => (value === undefined ? [] : [` ${attribute}="${shown(value)}"`])).join('')
  return { svg: inside.length === 0 ? `<${name}${written}/>` : `<${name}${written}>${inside.map(({ svg }) => svg).join('')}</${name}>` }
}

export const words = (text: string): Piece => ({ svg: escape(text) })

export const label = (text: string, attributes: Attributes): Piece => element('text', attributes, words(text))

export type Table = { readonly heads: readonly string[]; readonly rows: readonly (readonly (string | number)[])[] }

/** One picture for wide screens and one for narrow ones, so that letters are never too small to read. */
export type Chart = { readonly id: string; readonly title: string; readonly description: string; readonly table: Table; readonly pictures: readonly { readonly size: Size; readonly svg: string }[] }

export const SIZES = { wide: { width: 600, height: 280 }, narrow: { width: 328, height: 280 } } as const
export type Size = keyof typeof SIZES

type Drawn = { readonly width: number; readonly height: number; readonly size: Size; /** Makes an id that no other picture of the page has. */ readonly idOf: (name: string) => string }

/** `draw` gets the space there is. Who cannot see it hears title and description; the numbers are in the table. */
export const chart = (id: string, title: string, description: string, table: Table, draw: (space: Drawn) => readonly Piece[], heights: Partial<Record<Size, number>> = {}): Chart => ({
  id, title, description, table,
  pictures: (Object.keys(SIZES) as Size[]).map((size) => {
    const { width, height: usual } = SIZES[size]
    const height = heights[size] ?? usual
    const idOf = (name: string): string => `${id}-${size}-${name}`
    return {
      size,
      svg: element('svg', { xmlns: 'http://www.w3.org/2000/svg', class: `ol-chart ol-chart--${size}`, viewBox: `0 0 ${width} ${height}`, role: 'img', 'aria-labelledby': `${idOf('title')} ${idOf('says')}` },
        element('title', { id: idOf('title') }, words(title)), element('desc', { id: idOf('says') }, words(description)), ...draw({ width, height, size, idOf })).svg,
    }
  }),
})
