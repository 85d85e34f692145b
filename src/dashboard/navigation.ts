// The way through the pages: a few sections, each with its pages. It refuses to offer what the visitor may not open.
import type { Right } from './rights.ts'

type Page = { readonly text: string; readonly href: string; readonly right: Right }

export const SECTIONS: readonly { readonly text: string; readonly pages: readonly Page[] }[] = [
  { text: 'Today', pages: [{ text: 'Today', href: '/', right: 'see' }, { text: 'Alerts', href: '/alerts', right: 'see' }] },
  { text: 'Documents', pages: [{ text: 'Documents', href: '/documents', right: 'see' }, { text: 'Search', href: '/search', right: 'see' }] },
  { text: 'Failed', pages: [{ text: 'Failed deliveries', href: '/failed', right: 'see' }, { text: 'Retry runs', href: '/runs', right: 'see' }] },
  { text: 'Review', pages: [{ text: 'Waiting for a person', href: '/reviews', right: 'see' }, { text: 'Codes not listed', href: '/codes', right: 'see' }] },
  { text: 'Stop and recall', pages: [{ text: 'Stop', href: '/stops', right: 'see' }, { text: 'Recalls', href: '/recalls', right: 'see' }] },
  {
    text: 'Assurance',
    pages: [
      { text: 'Assurance', href: '/assurance', right: 'see' }, { text: 'Observing', href: '/observing', right: 'see' },
      { text: 'Reconciliation', href: '/reconciliation', right: 'see' }, { text: 'Daily outcome', href: '/outcomes', right: 'see' },
    ],
  },
  { text: 'Channels', pages: [{ text: 'Channels', href: '/channels', right: 'see' }, { text: 'Try it', href: '/try', right: 'channels' }, { text: 'Policy', href: '/policy', right: 'see' }] },
  { text: 'Administration', pages: [{ text: 'Audit', href: '/audit', right: 'audit' }, { text: 'People', href: '/people', right: 'people' }, { text: 'Tokens', href: '/tokens', right: 'people' }] },
]

export type Link = { readonly text: string; readonly href: string; readonly current: boolean }

/** The sections, and the pages of the one that is open. `path` may lie below a page. */
export const navigation = (path: string, rights: readonly Right[]): { readonly sections: readonly Link[]; readonly pages: readonly Link[] } => {
  const open = SECTIONS.flatMap(({ pages }) => pages).map(({ href }) => href).filter((href) => path === href || path.startsWith(`${href}/`)).sort((a, b) => b.length - a.length)[0]
  const allowed = SECTIONS.map(({ text, pages }) => ({ text, pages: pages.filter(({ right }) => rights.includes(right)) })).filter(({ pages }) => pages.length > 0)
  const isOpen = (pages: readonly Page[]): boolean => pages.some(({ href }) => href === open)
  return {
    sections: allowed.map(({ text, pages }) => ({ text, href: pages[0]!.href, current: isOpen(pages) })),
    pages: (allowed.find(({ pages }) => isOpen(pages))?.pages ?? []).map(({ text, href }) => ({ text, href, current: href === open })),
  }
}
