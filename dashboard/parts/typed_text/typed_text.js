// A form of a few fields whose draft stays in the browser until it is sent.
//
// It tells the server what was typed by an explicit act only (a button, Ctrl+Enter, Enter in a line), or, in a
// search, a moment after the last key. Never on blur: a run that is asked for while the page changes draws the old
// page over the new one, and Streamlit then shows neither.

const PREFIX = "frontdesk.draft|"
const SEARCH_DELAY = 250
/** A click may be about to change the page; what was typed waits until it has, or has not, however slow the server. */
const AFTER_CLICK = 700
const AFTER_LINK = 30_000
/** A page that draws itself again takes the box away and puts it back. */
const FOCUS_KEPT = 1500
/** The server answers within its own time-out of three seconds, or not at all. */
const ANSWER_TIMEOUT = 8000
const DRAFT_AGE = 14 * 24 * 3600 * 1000

const boxes = new WeakMap()
let lastFocus = null

export default function (component) {
  const { data, parentElement } = component
  if (data.forget) {
    forget(data.forget)
    return undefined
  }
  let box = boxes.get(parentElement)
  if (box === undefined) {
    box = new Box(parentElement)
    boxes.set(parentElement, box)
  }
  box.update(component)
  return () => {
    box.close()
    boxes.delete(parentElement)
  }
}

/** Remove every draft of a person, and what has waited too long. */
function forget(person) {
  for (const storage of [localStorage, sessionStorage]) {
    for (const key of Object.keys(storage)) {
      const isOwn = key.startsWith(`${PREFIX}${person}|`)
      if (isOwn || (key.startsWith(PREFIX) && read(storage, key) === null)) storage.removeItem(key)
    }
  }
}

function read(storage, key) {
  try {
    const draft = JSON.parse(storage.getItem(key) || "null")
    return draft !== null && Date.now() - draft.at < DRAFT_AGE ? draft : null
  } catch {
    return null
  }
}

// crypto.randomUUID exists on https only.
function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("")
}

function element(name, properties = {}, ...children) {
  const made = Object.assign(document.createElement(name), properties)
  made.append(...children)
  return made
}

class Box {
  constructor(parent) {
    this.parent = parent
    this.data = null
    this.inputs = new Map()
    this.timer = null
    this.answerTimer = null
    this.root = element("div", { className: "typed-text" })
    parent.append(this.root)
    this.onPointer = (event) => this.postpone(event)
    this.onStorage = (event) => this.follow(event)
    document.addEventListener("pointerdown", this.onPointer, true)
    window.addEventListener("storage", this.onStorage)
  }

  /** Take what the server says now; called again whenever that changes. */
  update(component) {
    const { data } = component
    const before = this.data
    this.data = data
    this.tell = component.setTriggerValue
    // What is looked for is of one tab; what is written is the same in all.
    this.storage = data.live ? sessionStorage : localStorage
    const shape = JSON.stringify([data.draft, data.fields.map(({ value, ...rest }) => rest), data.actions, data.reset])
    if (shape !== this.shape) {
      this.shape = shape
      this.build()
      this.load()
    } else if (before !== null) {
      this.takeValues(before)
    }
    this.takeFill()
    this.takeAnswer()
    this.describe()
  }

  build() {
    const { data } = this
    this.inputs = new Map(data.fields.map((field) => [field.name, this.buildInput(field)]))
    this.problem = element("div", { className: "typed-text-problem", role: "alert" })
    this.note = element("span", { className: "typed-text-note" })
    this.buttons = data.actions.map((action) => this.buildButton(action))
    this.reset = element("button", { type: "button", className: "typed-text-quiet", textContent: data.reset || "" })
    this.reset.addEventListener("click", () => this.clear())
    const foot = element("div", { className: "typed-text-foot" }, this.note)
    if (data.reset) foot.append(this.reset)
    foot.append(...this.buttons)
    const fields = data.fields.map((field) => {
      const input = this.inputs.get(field.name)
      if (!field.shows_label) return input
      return element("label", { className: "typed-text-label" }, element("span", { textContent: field.label }), input)
    })
    this.root.className = `typed-text${data.live ? " typed-text-search" : ""}`
    this.root.replaceChildren(...fields, this.problem, ...(data.live ? [] : [foot]))
  }

  buildInput(field) {
    const isArea = field.kind === "lines"
    const input = element(isArea ? "textarea" : "input", { placeholder: field.placeholder || "", dir: "auto" })
    if (isArea) input.rows = field.rows
    else input.type = field.kind === "line" ? "text" : field.kind
    if (field.max_length) input.maxLength = field.max_length
    if (field.is_code) {
      input.classList.add("typed-text-code")
      input.dir = "ltr"
    }
    // Else browsers take years of six digits.
    if (field.kind === "date") input.max = "9999-12-31"
    if (field.kind === "datetime-local") input.max = "9999-12-31T23:59"
    input.name = field.name
    input.autocomplete = "off"
    input.spellcheck = !field.is_code && !this.data.live
    input.setAttribute("aria-label", field.label)
    input.addEventListener("input", () => this.typed())
    input.addEventListener("keydown", (event) => this.key(event, field))
    return input
  }

  buildButton(action) {
    const button = element("button", { type: "button", textContent: action.label })
    button.className = action.is_primary ? "typed-text-primary" : "typed-text-secondary"
    button.addEventListener("click", () => this.act(action.name))
    return button
  }

  key(event, field) {
    const isAct = event.key === "Enter" && (event.ctrlKey || event.metaKey || field.kind !== "lines")
    if (!isAct || event.isComposing) return
    event.preventDefault()
    if (this.data.live) this.search()
    else this.act(this.data.actions[0].name)
  }

  values() {
    return Object.fromEntries(Array.from(this.inputs, ([name, input]) => [name, input.value]))
  }

  given() {
    return Object.fromEntries(this.data.fields.map((field) => [field.name, field.value || ""]))
  }

  isAsGiven() {
    return JSON.stringify(this.values()) === JSON.stringify(this.given())
  }

  show(values) {
    for (const [name, input] of this.inputs) if (input.value !== (values[name] ?? "")) input.value = values[name] ?? ""
  }

  /** Begin with the draft of this browser, else with what the server gives. */
  load() {
    const stored = this.data.draft ? read(this.storage, this.data.draft) : null
    this.draft = stored || { id: newId(), attempt: 0, values: null }
    this.pending = null
    this.isUntold = this.data.live && stored !== null && stored.values.text !== this.given().text
    this.show(stored ? stored.values : this.given())
    this.problem.textContent = ""
    if (lastFocus && lastFocus.draft === this.data.draft && Date.now() - lastFocus.at < FOCUS_KEPT) this.focusAgain()
    if (this.isUntold) this.later(SEARCH_DELAY)
  }

  focusAgain() {
    const input = this.inputs.get(lastFocus.name)
    if (input === undefined || ![document.body, null].includes(document.activeElement)) return
    input.focus({ preventScroll: true })
    if (lastFocus.start !== null) input.setSelectionRange(lastFocus.start, lastFocus.end)
  }

  /** Follow the server where nothing was typed since: the browser's Back, another present file. */
  takeValues(before) {
    const was = Object.fromEntries(before.fields.map((field) => [field.name, field.value || ""]))
    if (JSON.stringify(was) === JSON.stringify(this.given()) || this.isUntold) return
    const isUntouched = this.draft.values === null || this.data.live
    if (isUntouched) this.show(this.given())
  }

  /** Put in what was chosen, such as a template; after what a person wrote, instead of what was chosen before. */
  takeFill() {
    const { fill } = this.data
    if (!fill || fill.id === this.draft.fill) return
    const values = this.values()
    for (const [name, text] of Object.entries(fill.values)) {
      const isOwn = !fill.replaces && values[name].trim() !== "" && values[name] !== (this.draft.filled || {})[name]
      values[name] = isOwn && text ? `${values[name].trimEnd()}\n${text}` : text || values[name]
    }
    this.show(values)
    this.draft.fill = fill.id
    this.draft.filled = fill.values
    this.keep()
  }

  takeAnswer() {
    const { done, refused } = this.data
    if (done.includes(this.draft.id)) {
      const hadFocus = this.root.contains(document.activeElement)
      this.clear()
      if (hadFocus) this.inputs.get(this.data.fields[0].name).focus({ preventScroll: true })
    } else if (this.pending !== null && refused && refused.id === this.draft.id && refused.attempt === this.pending) {
      this.settle()
    }
  }

  typed() {
    this.problem.textContent = ""
    if (this.data.live) {
      this.isUntold = true
      this.later(SEARCH_DELAY)
    } else if (this.draft.attempt > 0) {
      // Other words are another message: with the old id they would be taken for the one that was sent.
      Object.assign(this.draft, { id: newId(), attempt: 0 })
    }
    this.keep()
    this.describe()
  }

  keep() {
    if (!this.data.draft) return
    if (this.isAsGiven() && !this.draft.fill) {
      this.draft.values = null
      this.storage.removeItem(this.data.draft)
      return
    }
    this.draft.values = this.values()
    this.draft.at = Date.now()
    this.storage.setItem(this.data.draft, JSON.stringify(this.draft))
  }

  clear() {
    this.settle()
    if (this.data.draft) this.storage.removeItem(this.data.draft)
    // What was chosen before is not put in once more.
    this.draft = { id: newId(), attempt: 0, values: null, fill: this.data.fill?.id }
    this.show(this.given())
    this.describe()
  }

  act(name) {
    if (this.pending !== null) return
    const values = this.values()
    const missing = this.data.fields.find((field) => field.needed && !values[field.name].trim())
    if (missing) {
      this.problem.textContent = missing.needed
      this.inputs.get(missing.name).focus()
      return
    }
    this.draft.attempt += 1
    this.pending = this.draft.attempt
    this.keep()
    this.tell("act", { id: this.draft.id, attempt: this.pending, action: name, values })
    for (const input of this.inputs.values()) input.readOnly = true
    for (const button of this.buttons) button.disabled = true
    this.answerTimer = setTimeout(() => this.settle(), ANSWER_TIMEOUT)
  }

  /** An answer came, or none will. */
  settle() {
    clearTimeout(this.answerTimer)
    this.pending = null
    for (const input of this.inputs.values()) input.readOnly = false
    for (const button of this.buttons) button.disabled = false
  }

  later(delay) {
    clearTimeout(this.timer)
    this.timer = setTimeout(() => this.search(), delay)
  }

  search() {
    clearTimeout(this.timer)
    this.timer = null
    this.isUntold = false
    if (this.data.draft) this.storage.removeItem(this.data.draft)
    this.draft.values = null
    this.tell("act", { id: newId(), attempt: 1, action: "search", values: this.values() })
  }

  postpone(event) {
    if (this.timer === null || this.root.contains(event.target)) return
    this.later(event.composedPath().some((each) => each instanceof HTMLAnchorElement) ? AFTER_LINK : AFTER_CLICK)
  }

  /** Another tab of this browser writes on the same draft, or sent it. */
  follow(event) {
    if (event.key === null || event.key !== this.data?.draft || this.pending !== null) return
    const stored = read(this.storage, this.data.draft)
    this.draft = stored || { id: newId(), attempt: 0, values: null, fill: this.data.fill?.id }
    this.show(stored ? stored.values : this.given())
    this.describe()
  }

  describe() {
    const { sms, note } = this.data
    const text = sms ? this.values().text.trim() : ""
    this.note.textContent = text ? describeSize(text, sms) : note
    if (this.data.reset) this.reset.hidden = this.isAsGiven()
  }

  close() {
    clearTimeout(this.timer)
    clearTimeout(this.answerTimer)
    document.removeEventListener("pointerdown", this.onPointer, true)
    window.removeEventListener("storage", this.onStorage)
    for (const [name, input] of this.inputs) {
      if (document.activeElement !== input) continue
      const isText = ["text", "search", "textarea"].includes(input.type)
      const [start, end] = isText ? [input.selectionStart, input.selectionEnd] : [null, null]
      lastFocus = { draft: this.data.draft, name, start, end, at: Date.now() }
    }
    this.root.remove()
  }
}

/** Characters, segments and price of a text, as frontdesk/domains/sending/sms_segments.py counts them; a test compares. */
export function measure(text, { basic, extension, capacity }) {
  const characters = Array.from(text)
  const isGsm = characters.every((each) => basic.includes(each) || extension.includes(each))
  const encoding = isGsm ? "GSM-7" : "UCS-2"
  const [alone, inSeries] = capacity[encoding]
  let [units, segments, used] = [0, 1, 0]
  for (const each of characters) {
    const width = (isGsm ? extension.includes(each) : each.length > 1) ? 2 : 1
    units += width
    if (used + width > inSeries) {
      segments += 1
      used = 0
    }
    used += width
  }
  return { encoding, units, segments: units <= alone ? 1 : segments }
}

export function describeSize(text, sms) {
  const { encoding, units, segments } = measure(text, sms)
  const [alone, inSeries] = sms.capacity[encoding]
  const room = segments === 1 ? alone : inSeries * segments
  const parts = [`${segments} segment${segments === 1 ? "" : "s"}`, `${units} of ${room} characters`]
  if (encoding === "UCS-2") parts.push("special characters make it longer")
  parts.push(sms.price_micros === null ? "price unknown" : `costs ${sms.currency} ${major(sms.price_micros * segments)}`)
  return parts.join(" · ")
}

function major(micros) {
  return (micros / 1e6).toFixed(6).replace(/\.?0+$/, "")
}
