// The camera, and what is on its way: a photo is kept here until it is saved there.

const $ = (id) => document.getElementById(id)
const waiting = [] // photos, and wishes to take the last one back, in the order they were asked for
const saved = [] // names of this page's photos
let counts = {}
let group = 1
let sending = false

function say(text, isBad = false) {
  $('status').textContent = text
  $('status').classList.toggle('bad', isBad)
}

function show() {
  const label = $('label').value
  $('group').textContent = `Tray ${group}`
  $('less').disabled = group === 1
  const here = counts[label]?.[group] ?? 0
  const all = Object.values(counts).flatMap((trays) => Object.values(trays)).reduce((a, b) => a + b, 0)
  $('total').textContent = `${here} here · ${all} in all`
}

async function refresh() {
  const state = await (await fetch(address('state'))).json()
  counts = state.counts
  $('title').textContent = state.title
  if (!$('label').options.length) {
    for (const label of Object.keys(counts)) $('label').add(new Option(label.replaceAll('_', ' '), label))
  }
  show()
}

async function openCamera() {
  if (!navigator.mediaDevices) {
    return explain('This browser gives the camera to safe addresses alone. “Files” takes photos all the same.')
  }
  explain('Waiting for the camera. Where the browser asks, allow it for this page.')
  try {
    const video = { facingMode: 'environment', width: { ideal: 2560 }, height: { ideal: 1920 } }
    $('video').srcObject = await navigator.mediaDevices.getUserMedia({ video, audio: false })
    await firstFrame($('video'))
    $('note').hidden = true
    $('shutter').disabled = false
  } catch (error) {
    explain(`No camera (${error.name}). Allow it for this page, or take photos by “Files”.`)
  }
}

// until it is shown, the size may be known, and what is drawn of it is black
function firstFrame(video) {
  return new Promise((done) => {
    if (video.requestVideoFrameCallback) video.requestVideoFrameCallback(done)
    else video.addEventListener('loadeddata', done, { once: true })
  })
}

function explain(text) {
  $('note').textContent = text
  $('note').hidden = false
}

function shoot() {
  const video = $('video')
  const taken = Date.now()
  const canvas = new OffscreenCanvas(video.videoWidth, video.videoHeight)
  canvas.getContext('2d').drawImage(video, 0, 0)
  $('finder').classList.add('flash')
  setTimeout(() => $('finder').classList.remove('flash'), 90)
  // what is chosen now counts, whatever is chosen when it is encoded
  const place = { label: $('label').value, group, taken }
  enqueue({ encoded: canvas.convertToBlob({ type: 'image/jpeg', quality: 0.95 }), place })
}

function enqueue(wish) {
  waiting.push(wish)
  if (!sending) send()
}

async function send() {
  sending = true
  while (waiting.length) {
    say(waiting.length > 1 ? `${waiting.length} on their way` : 'On its way')
    const pause = waiting[0].place ? await deliver(waiting[0]) : await takeBack()
    if (pause) await new Promise((done) => setTimeout(done, pause))
    else waiting.shift()
  }
  sending = false
  await refresh().catch(() => {})
}

// that of the page opened last: one from before the server was started anew has an old address;
// where the browser keeps nothing, each page has its own
function address(name, asked) {
  let page = ''
  try { page = localStorage.getItem('address') ?? '' } catch {}
  return `${page}${name}?${new URLSearchParams(asked)}`
}

// milliseconds to wait before it is sent again; 0 where it is done with
async function deliver({ encoded, place }) {
  let photo, body
  try {
    photo = await encoded
    body = await photo.arrayBuffer()
  } catch (error) {
    // a file that was changed or removed meanwhile does not come back
    say(`${photo?.name ?? 'A photo'} cannot be read any more (${error.name}); take or choose it again`, true)
    return 0
  }
  try {
    const type = photo.type.startsWith('image/') ? photo.type : 'image/jpeg'
    const answer = await fetch(address('photo', place), {
      method: 'POST', body, headers: { 'Content-Type': type },
    })
    if (answer.ok) {
      saved.push((await answer.json()).saved)
      $('last').src = URL.createObjectURL(photo)
      $('last').hidden = false
      say('Saved')
      return 0
    }
    if (isOld(answer)) return 10_000
    const { detail } = await answer.json()
    say(typeof detail === 'string' ? detail : 'It was refused', true)
    return [408, 429, 503, 507].includes(answer.status) ? 2000 : 0
  } catch {
    say(`Not saved: the computer does not answer. It is sent again; if the command ended, start it with --port ${location.port}.`, true)
    return 2000
  }
}

// asked again rarely, as wrong addresses are counted
function isOld(answer) {
  const isIt = answer.status === 403
  if (isIt) say('Not sent: the computer began anew. Leave this page open, and open its new address in another tab.', true)
  return isIt
}

// the same; by name, so that asked twice, or beside another phone, it removes no other photo
async function takeBack() {
  const name = saved.at(-1)
  let removed = null
  try {
    if (name) {
      const answer = await fetch(address('undo', { name }), {
        method: 'POST', headers: { 'Content-Type': 'application/json' },
      })
      if (isOld(answer)) return 10_000
      if (!answer.ok) throw new Error(answer.status)
      removed = (await answer.json()).removed
    }
  } catch {
    say('Not taken back: the computer does not answer. It is asked again.', true)
    return 2000
  }
  saved.pop()
  $('last').hidden = true
  say(removed ? 'The last photo is gone' : 'Nothing to take back')
  return 0
}

$('shutter').addEventListener('click', shoot)
$('undo').addEventListener('click', () => enqueue({}))
$('label').addEventListener('change', show)
$('less').addEventListener('click', () => { group -= 1; show() })
$('more').addEventListener('click', () => { group += 1; show() })
$('files').addEventListener('change', () => {
  for (const file of $('files').files) {
    enqueue({ encoded: file, place: { label: $('label').value, group, taken: file.lastModified } })
  }
  $('files').value = ''
})
// shown or not: its bytes are held no longer
for (const kind of ['load', 'error']) $('last').addEventListener(kind, () => URL.revokeObjectURL($('last').src))
addEventListener('beforeunload', (event) => { if (waiting.length) event.preventDefault() })

try { localStorage.setItem('address', location.pathname) } catch {}
await refresh()
await openCamera()
document.body.dataset.ready = 'true'
