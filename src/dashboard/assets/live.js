// Keeps a page up to date. The server says that something changed; the page asks for its own address again and takes over
// what differs in its main part. Where somebody is, what they type, what they have opened and how far they have scrolled
// stays. Without this script the page is whole: it is as old as when it was opened.
const fieldsOf = (form) => [...form.elements].filter((field) => field.type !== 'hidden' && field.type !== 'submit')
const changed = (field) =>
  field.type === 'checkbox' || field.type === 'radio' ? field.checked !== field.defaultChecked
  : field.tagName === 'SELECT' ? field.selectedIndex !== Math.max(0, [...field.options].findIndex((option) => option.defaultSelected))
  : 'defaultValue' in field && field.value !== field.defaultValue

/** What tells an element from its neighbours: never its place alone. */
const keyOf = (node) => {
  if (node.nodeType !== 1) return undefined
  if (node.id) return '#' + node.id
  if (node.tagName === 'FORM') return 'form ' + node.getAttribute('action')
  if (node.hasAttribute('aria-labelledby')) return node.getAttribute('aria-labelledby')
  if (node.tagName === 'TR' || node.tagName === 'LI') {
    const inside = node.querySelector('form[action], a[href]')
    return inside ? node.tagName + ' ' + (inside.getAttribute('action') ?? inside.getAttribute('href')) : undefined
  }
  return undefined
}

const begin = (main) => {
  const topics = main.dataset.live.split(' ')
  const LEAST_MS = 3000
  const AGAIN_MS = 60000
  // On a busy day something changes all the time: whoever listens hears of it so often and no more.
  const QUIET_MS = 60000

  // ---- what is shown of it

  const bar = document.createElement('section')
  bar.className = 'ol-live'
  bar.setAttribute('aria-label', 'Updates')
  const time = document.createElement('span')
  time.className = 'ol-live__time'
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'ol-live__button'
  const heard = document.createElement('span')
  heard.className = 'nhsuk-u-visually-hidden'
  heard.setAttribute('role', 'status')
  bar.append(time, button, heard)
  main.before(bar)

  const clock = new Intl.DateTimeFormat('en-GB', { timeZone: 'Europe/London', hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' })
  const say = (text) => { if (time.textContent !== text) time.textContent = text }
  const matters = () => [...main.querySelectorAll('[data-matters]')].map((one) => one.textContent.trim())
  let known = matters()
  let heardAt = Number.NEGATIVE_INFINITY
  /** Only what is new; what comes in the quiet time is told after it. */
  const announce = () => {
    const all = matters()
    const news = all.filter((text) => !known.includes(text))
    if (news.length > 0 && Date.now() - heardAt < QUIET_MS) return
    known = all
    if (news.length === 0) return
    heardAt = Date.now()
    heard.textContent = news.join('. ')
  }
  const CANNOT = 'Not updated: what you are working on has changed. Finish it, or open the page again.'

  // ---- what must not be touched

  const inHand = () => [...main.querySelectorAll('form')].filter((form) => form.contains(document.activeElement) || fieldsOf(form).some(changed))

  // Text that is being marked, to be copied or looked up, would be marked no more.
  let isHeld = false
  const isMarking = () => {
    const marked = document.getSelection()
    return marked !== null && !marked.isCollapsed && marked.rangeCount > 0 && marked.getRangeAt(0).intersectsNode(main)
  }
  document.addEventListener('selectionchange', () => {
    if (!isHeld || isMarking()) return
    isHeld = false
    soon()
  })
  const hold = () => {
    isHeld = isMarking()
    if (isHeld) say('Not updated while text is selected')
    return isHeld
  }

  const pathOf = (node, top) => {
    const path = []
    for (let at = node; at && at !== top; at = at.parentElement) path.push(keyOf(at) ?? at.tagName)
    return path.join(' < ')
  }
  const isThere = (node, top, fresh) => {
    const path = pathOf(node, top)
    return [...fresh.querySelectorAll(node.tagName)].some((one) => pathOf(one, fresh) === path)
  }

  // ---- taking over what differs

  const alike = (a, b) => a.nodeType === b.nodeType && a.nodeName === b.nodeName && keyOf(a) === keyOf(b)
  /** Nobody's work becomes part of something else. */
  const fits = (old, fresh, kept) => alike(old, fresh) && kept.every((node) => old === node || !old.contains(node) || isThere(node, old, fresh))

  const takeOver = (old, fresh, kept) => {
    // A form in hand stays as it is; anything else that somebody is in only has its surroundings renewed.
    if (old.tagName === 'FORM' && kept.includes(old)) return
    if (old.nodeType === 3) {
      if (old.data !== fresh.data) old.data = fresh.data
      return
    }
    if (old.nodeType !== 1) return
    const opened = old.tagName === 'DETAILS'
    for (const name of old.getAttributeNames()) if (!fresh.hasAttribute(name) && !(opened && name === 'open')) old.removeAttribute(name)
    for (const { name, value } of fresh.attributes) if (old.getAttribute(name) !== value && !(opened && name === 'open')) old.setAttribute(name, value)
    children(old, fresh, kept)
  }

  const children = (old, fresh, kept) => {
    const aside = new Map()
    for (const node of old.childNodes) {
      const key = keyOf(node)
      if (key !== undefined && !aside.has(key)) aside.set(key, node)
    }
    let at = old.firstChild
    for (const next of fresh.childNodes) {
      const key = keyOf(next)
      const match = key === undefined ? (at ?? undefined) : aside.get(key)
      if (!match || !fits(match, next, kept)) {
        old.insertBefore(document.importNode(next, true), at)
        continue
      }
      // Two of the same key are two: each is taken once.
      if (key !== undefined) aside.delete(key)
      if (match !== at) {
        // What somebody is in stays where it is: what stands before it goes.
        if (match.contains(document.activeElement)) while (at && at !== match) { const gone = at; at = at.nextSibling; gone.remove() }
        else old.insertBefore(match, at)
      }
      at = match === at ? at.nextSibling : at
      takeOver(match, next, kept)
    }
    while (at) { const gone = at; at = at.nextSibling; gone.remove() }
  }

  // ---- asking again

  let paused = false
  let asking = false
  let again
  let askedAt = 0

  const ask = async () => {
    clearTimeout(again)
    again = undefined
    if (paused || document.hidden) return
    if (asking) return soon()
    if (hold()) return
    asking = true
    askedAt = Date.now()
    try {
      const answer = await fetch(location.href, { headers: { accept: 'text/html', 'x-by-itself': '1' }, credentials: 'same-origin', cache: 'no-store', redirect: 'manual' })
      if (answer.type === 'opaqueredirect') return end('You have signed out, or your time was up. Open the page again.')
      if (!answer.ok) return say('Not up to date: the engine does not answer as it should.')
      const page = new DOMParser().parseFromString(await answer.text(), 'text/html')
      const fresh = page.querySelector('main[data-live]')
      if (!fresh || paused || hold()) return
      const kept = inHand()
      const focused = document.activeElement
      const precious = main.contains(focused) ? [...kept, focused] : kept
      if (precious.some((node) => !isThere(node, main, fresh))) {
        // Once: whoever cannot see it has to know as well.
        if (time.textContent !== CANNOT) heard.textContent = CANNOT
        return say(CANNOT)
      }
      children(main, fresh, precious)
      const [needs, freshNeeds] = [document.getElementById('needs-attention'), page.getElementById('needs-attention')]
      if (needs && freshNeeds && !needs.contains(focused)) children(needs, freshNeeds, [])
      say('Updated ' + clock.format(new Date()))
      announce()
    } catch {
      say('Not up to date: the engine does not answer.')
    } finally {
      asking = false
      // What changed while it was asking is planned already.
      if (!over && again === undefined) plan(AGAIN_MS)
    }
  }
  const plan = (ms) => {
    clearTimeout(again)
    again = setTimeout(ask, ms)
  }
  const soon = () => plan(Math.max(asking ? 200 : 0, LEAST_MS - (Date.now() - askedAt)))

  // ---- hearing of changes

  let source
  let over = false

  const close = () => { source?.close(); source = undefined }
  const end = (text) => { over = true; close(); clearTimeout(again); button.remove(); say(text) }
  const open = () => {
    if (source || paused || over || document.hidden) return
    source = new EventSource('/live')
    source.addEventListener('changed', (event) => { if (event.data.split(' ').some((topic) => topics.includes(topic))) soon() })
    // What happened between the page and the stream, or while the stream was away.
    source.addEventListener('open', soon)
    source.addEventListener('signed-out', ask)
    source.addEventListener('error', () => {
      // The browser comes back by itself unless it was refused; then the clock alone tells.
      if (source?.readyState === EventSource.CLOSED) { close(); setTimeout(open, AGAIN_MS) }
    })
  }
  const show = () => {
    button.textContent = paused ? 'Go on updating' : 'Pause updates'
    if (paused) say('Updates are paused')
  }
  button.addEventListener('click', () => {
    paused = !paused
    show()
    if (paused) { close(); clearTimeout(again) } else { open(); ask() }
  })
  document.addEventListener('visibilitychange', () => {
    if (document.hidden) { close(); clearTimeout(again) } else if (!paused && !over) { open(); soon() }
  })
  window.addEventListener('pagehide', close)
  show()
  say('Up to date as of ' + clock.format(new Date()))
  open()
  plan(AGAIN_MS)
}

const main = document.querySelector('main[data-live]')
// A form that came back with something to put right is left alone.
if (main && window.EventSource && !main.querySelector('.nhsuk-error-summary')) begin(main)
