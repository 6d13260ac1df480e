// Tells the fragments of an open page that another file was published than the one that they show.
//
// One question a second for the whole page, and none while nobody looks at it: the server answers by the file's
// name and times alone. A fragment is drawn again when there is something to draw.

const ADDRESS = "/published-version"
const EVERY = 1000
/** What was asked for is on its way for so long; then it is lost, as while the page was drawn for something else. */
const LOST_AFTER = 3000

const watches = new Map()
let timer = null

export default function (component) {
  const { data, parentElement, setTriggerValue } = component
  watches.set(parentElement, {
    version: data.version,
    asked: watches.get(parentElement)?.asked,
    ask: (version) => setTriggerValue("published", version),
  })
  start()
  return () => {
    watches.delete(parentElement)
    if (watches.size === 0) stop()
  }
}

function start() {
  if (timer !== null) return
  timer = setInterval(look, EVERY)
  document.addEventListener("visibilitychange", look)
}

function stop() {
  clearInterval(timer)
  timer = null
  document.removeEventListener("visibilitychange", look)
}

async function look() {
  if (document.hidden) return
  let version
  try {
    const answer = await fetch(ADDRESS, { cache: "no-store" })
    if (!answer.ok) return
    version = await answer.text()
  } catch {
    return // the server is away: Streamlit says so
  }
  for (const watch of watches.values()) {
    const now = performance.now()
    const isAsked = watch.asked?.version === version && now - watch.asked.at < LOST_AFTER
    if (version === watch.version || isAsked) continue
    watch.asked = { version, at: now }
    watch.ask(version)
  }
}
