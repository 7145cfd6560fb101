// Decodes pictures as foodcls does, runs the model on them, and shows what it says.

import * as ort from './runtime/ort.wasm.bundle.min.mjs'

const $ = (id) => document.getElementById(id)
const SHOWN = 5 // classes
const BLANK_RANGE = 4 // of 255, as foodcls.image.decode has it

// threads would need headers that a plain server does not send
ort.env.wasm.numThreads = 1
ort.env.wasm.wasmPaths = { wasm: new URL('runtime/ort-wasm-simd-threaded.wasm', location.href).href }

// what a browser keeps of an older model must not be mixed with a newer one: its classes have another order
const facts = await fetch('model.json', { cache: 'no-cache' }).then((answer) => answer.json()).catch(explain)
$('name').textContent = facts.name
document.title = facts.name
const options = { executionProviders: ['wasm'] }
const session = await ort.InferenceSession.create(`model.onnx?${facts.digest}`, options).catch(explain)
$('status').textContent = `${facts.labels.length} classes, ready`

function explain(error) {
  $('status').textContent = `The model cannot be loaded: ${error.message}`
  throw error
}

// RGB, upright, in sRGB, on white: uint8 (1, H, W, 3)
async function decode(file) {
  const options = { imageOrientation: 'from-image', premultiplyAlpha: 'none', colorSpaceConversion: 'default' }
  const bitmap = await createImageBitmap(file, options)
  const { width, height } = bitmap
  if (width * height > facts.max_pixels) throw new Error(`more than ${facts.max_pixels} pixels`)
  const canvas = new OffscreenCanvas(width, height)
  // read back: so it stays in memory, and no graphics card rounds in its own way
  const pen = canvas.getContext('2d', { willReadFrequently: true, colorSpace: 'srgb' })
  pen.fillStyle = 'white'
  pen.fillRect(0, 0, width, height)
  pen.drawImage(bitmap, 0, 0)
  bitmap.close()
  const { data } = pen.getImageData(0, 0, width, height)
  const pixels = new Uint8Array(width * height * 3)
  const low = [255, 255, 255]
  const high = [0, 0, 0]
  for (let from = 0, to = 0; from < data.length; from += 4) {
    for (let channel = 0; channel < 3; channel += 1, to += 1) {
      const value = data[from + channel]
      pixels[to] = value
      if (value < low[channel]) low[channel] = value
      if (value > high[channel]) high[channel] = value
    }
  }
  if (high.every((value, channel) => value - low[channel] <= BLANK_RANGE)) throw new Error('one color, no picture')
  return new ort.Tensor('uint8', pixels, [1, height, width, 3])
}

// as `foodcls predict` says it
async function predict(file) {
  const begun = performance.now()
  const images = await decode(file)
  const decoded = performance.now()
  const answer = await session.run({ images })
  const probabilities = [...answer.probabilities.data]
  const best = probabilities.indexOf(Math.max(...probabilities))
  return {
    guess: facts.labels[best],
    probabilities,
    known: answer.known.data[0],
    unsure: probabilities[best] < facts.abstain_below,
    none: answer.known.data[0] < facts.known_from,
    decode: decoded - begun,
    network: performance.now() - decoded,
  }
}

const readable = (label) => label.replaceAll('_', ' ')

function show(card, told) {
  const title = card.querySelector('h2')
  const isDoubtful = told.none || told.unsure
  title.textContent = told.none ? 'None of these' : told.unsure ? `Unsure: ${readable(told.guess)}?` : readable(told.guess)
  title.classList.toggle('doubt', isDoubtful)
  card.querySelector('.note').textContent = `${Math.round(told.decode)} ms to decode, ${Math.round(told.network)} ms to answer`
  const ranked = told.probabilities.map((share, place) => [share, facts.labels[place]])
  ranked.sort((one, other) => other[0] - one[0])
  card.querySelector('dl').replaceChildren(...ranked.slice(0, SHOWN).map(([share, label]) => bar(share, readable(label))))
}

function bar(share, label) {
  const [row, term, value, meter] = ['div', 'dt', 'dd', 'meter'].map((name) => document.createElement(name))
  term.textContent = label
  value.textContent = `${(100 * share).toFixed(1)} %`
  meter.value = share
  row.append(term, value, meter)
  return row
}

async function answer(file) {
  const card = $('card').content.firstElementChild.cloneNode(true)
  const image = card.querySelector('img')
  image.src = URL.createObjectURL(file)
  // shown or not: its bytes are held no longer
  image.onload = image.onerror = () => URL.revokeObjectURL(image.src)
  image.alt = file.name
  card.querySelector('h2').textContent = '…'
  $('answers').prepend(card)
  try {
    show(card, await predict(file))
  } catch (error) {
    card.querySelector('h2').textContent = 'This browser cannot read it'
    card.querySelector('.note').textContent = `${file.name}: ${error.message}`
  }
  card.dataset.done = 'true'
}

// one after the other: each takes the whole processor
let turn = Promise.resolve()
function take(files) {
  for (const file of files) turn = turn.then(() => answer(file))
}

for (const input of document.querySelectorAll('input[type=file]')) {
  input.addEventListener('change', () => {
    take([...input.files])
    input.value = ''
  })
}
addEventListener('dragover', (event) => {
  event.preventDefault()
  $('well').classList.add('over')
})
addEventListener('dragleave', () => $('well').classList.remove('over'))
addEventListener('drop', (event) => {
  event.preventDefault()
  $('well').classList.remove('over')
  take([...event.dataTransfer.files])
})
addEventListener('paste', (event) => take([...event.clipboardData.files]))
window.predict = predict
document.body.dataset.ready = 'true'
