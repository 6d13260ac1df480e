"""The page's HTML, as Jinja2 templates that escape every value."""

from __future__ import annotations

FEED = """
{% for item in items %}
<article class="{{ 'in' if item.kind == 'reply' else 'out' }}">
  <header><b>{{ item.sender }}</b> to <b>{{ item.recipient }}</b>
    <time datetime="{{ item.at.isoformat() }}">{{ item.at.strftime('%H:%M:%S') }} UTC</time></header>
  {% if item.subject %}<h2>{{ item.subject }}</h2>{% endif %}
  <p>{{ item.text }}</p>
  <footer><span class="kind">{{ item.kind }} by {{ item.provider }}</span>
    <span class="{{ 'trouble' if item.is_trouble else 'fine' }}">{{ item.status }}</span>
    {% if item.conversation %}<a href="/?{{ {'tenant': item.conversation.tenant, 'phone': item.conversation.phone}
      | urlencode }}">Reply as {{ item.conversation.phone }}</a>{% endif %}</footer>
</article>
{% else %}
<p class="empty">Nothing has been sent yet. Texts and e-mails that Frontdesk sends appear here as they arrive.</p>
{% endfor %}
"""

PAGE = (
    """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Phones and inboxes</title><link rel="icon" href="data:,">
<style>
:root { color-scheme: light dark; --back: light-dark(#f4f5f7, #14161a); --card: light-dark(#fff, #20242b);
  --mine: light-dark(#dcecff, #16365c); --ink: light-dark(#1b1f24, #e8eaed); --dim: light-dark(#59626d, #9aa4b1);
  --line: light-dark(#d5d9df, #363c46); --trouble: light-dark(#a8200d, #ff9a8a); --act: light-dark(#0b57d0, #8ab8ff) }
* { box-sizing: border-box } body { margin: 0 auto; max-width: 44rem; padding: 1rem; background: var(--back);
  color: var(--ink); font: 16px/1.45 system-ui, sans-serif }
h1 { font-size: 1.3rem; margin: 0 } h2 { font-size: 1rem; margin: .4rem 0 0 } .lead, .empty { color: var(--dim) }
.lead { margin: .2rem 0 1rem }
article { background: var(--card); border: 1px solid var(--line); border-radius: 12px; padding: .7rem .9rem;
  margin: 0 2rem .7rem 0 } article.in { background: var(--mine); margin: 0 0 .7rem 2rem }
article p { margin: .35rem 0; white-space: pre-wrap; overflow-wrap: anywhere }
article header, article footer { display: flex; flex-wrap: wrap; gap: 0 .5rem; font-size: .85rem; color: var(--dim) }
article header b { color: var(--ink) } time, footer a { margin-left: auto } a { color: var(--act) }
.trouble { color: var(--trouble); font-weight: 600 }
form { position: sticky; top: 0; background: var(--back); padding: .6rem 0; display: flex; flex-wrap: wrap;
  gap: .5rem; border-bottom: 1px solid var(--line); margin-bottom: 1rem }
form label { flex-basis: 100%; font-size: .9rem }
input[name=text] { flex: 1; min-width: 10rem } input, button { font: inherit; padding: .5rem .8rem;
  border-radius: 8px; border: 1px solid var(--line); background: var(--card); color: var(--ink) }
button.send { background: var(--act); color: var(--back); border-color: transparent }
</style></head><body>
<h1>Phones and inboxes</h1>
<p class="lead">What the customers get, newest first. Nothing here reaches a real phone or mailbox.</p>
{% if conversation %}
<form method="post" action="/reply">
  <label for="text">Text {{ conversation.business }} as {{ conversation.phone }}</label>
  <input type="hidden" name="provider" value="{{ conversation.provider }}">
  <input type="hidden" name="tenant" value="{{ conversation.tenant }}">
  <input type="hidden" name="phone" value="{{ conversation.phone }}">
  <input type="hidden" name="number" value="{{ conversation.number }}">
  <input id="text" name="text" maxlength="1600" autocomplete="off" placeholder="Your reply">
  <button class="send">Send</button> <button name="keyword" value="STOP">STOP</button>
</form>
{% endif %}
<main id="feed" aria-live="polite">"""
    + FEED
    + """</main>
<script>
const feed = document.getElementById("feed");
let shown = "";
setInterval(async () => {
  try {
    const html = await (await fetch("/feed")).text();
    // Somebody who is at a link keeps it under the finger; the change comes a little later.
    if (html === shown || feed.contains(document.activeElement)) return;
    if (!document.querySelector("form") && html.includes("Reply as")) location.reload();
    feed.innerHTML = shown = html;
  } catch { /* the sandbox was stopped: the page keeps what it shows */ }
}, 1000);
</script></body></html>
"""
)
