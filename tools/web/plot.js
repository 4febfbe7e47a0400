// SPDX-License-Identifier: MIT OR Apache-2.0
// A small live plot: lines over a common scale that begins at zero.
const SVG = 'http://www.w3.org/2000/svg'
const WIDTH = 1000
const HEIGHT = 100
const HEADROOM = 0.8 // of the height that the scale's largest value takes

/** The next of 1, 2, 5, 10, 20, … that is not less. */
function rounded (value) {
  const power = 10 ** Math.floor(Math.log10(Math.max(value, 1e-6)))
  return [1, 2, 5, 10].map(step => step * power).find(step => step >= value * 0.999)
}

export class Plot {
  /** `series`: names, which style.css gives colours; `label`: the text of a value at the scale. */
  constructor (element, series, label) {
    this.label = label
    this.points = new Map(series.map(name => [name, []]))
    this.svg = document.createElementNS(SVG, 'svg')
    this.svg.setAttribute('viewBox', `0 0 ${WIDTH} ${HEIGHT}`)
    this.svg.setAttribute('preserveAspectRatio', 'none')
    const line = document.createElementNS(SVG, 'line')
    for (const [name, value] of Object.entries({ x1: 0, x2: WIDTH, y1: HEIGHT * (1 - HEADROOM), y2: HEIGHT * (1 - HEADROOM) })) {
      line.setAttribute(name, value)
    }
    this.svg.append(line)
    this.paths = new Map(series.map(name => [name, ['area', 'line'].map(kind => {
      const path = document.createElementNS(SVG, 'path')
      path.setAttribute('class', kind)
      path.dataset.series = name
      this.svg.append(path)
      return path
    })]))
    this.scale = document.createElement('span')
    this.scale.className = 'scale'
    element.replaceChildren(this.svg, this.scale)
    this.pending = false
  }

  clear () {
    for (const points of this.points.values()) points.length = 0
    this.#later()
  }

  /** Adds a point; `x` from 0 to 1 grows. */
  add (name, x, y) {
    this.points.get(name).push([x, y])
    this.#later()
  }

  /** Shows these values at equal distances, the last one at the right edge. */
  show (name, values, capacity) {
    const first = capacity - values.length
    this.points.set(name, values.map((y, i) => [(first + i) / (capacity - 1), y]))
    this.#later()
  }

  #later () {
    if (this.pending) return
    this.pending = true
    requestAnimationFrame(() => {
      this.pending = false
      this.#draw()
    })
  }

  #draw () {
    const all = [...this.points.values()].flat().map(([, y]) => y).sort((a, b) => a - b)
    const most = all.length > 0 ? rounded(all[Math.floor(0.95 * (all.length - 1))]) : 0 // a rare peak goes over the edge
    this.scale.textContent = most > 0 ? this.label(most) : ''
    for (const [name, points] of this.points) {
      const at = ([x, y]) => `${(x * WIDTH).toFixed(1)},${(HEIGHT * (1 - HEADROOM * y / most)).toFixed(2)}`
      const line = points.map(at).join('L')
      const [area, path] = this.paths.get(name)
      path.setAttribute('d', points.length > 1 ? 'M' + line : '')
      area.setAttribute('d', points.length > 1
        ? `M${(points[0][0] * WIDTH).toFixed(1)},${HEIGHT}L${line}L${(points.at(-1)[0] * WIDTH).toFixed(1)},${HEIGHT}Z`
        : '')
    }
  }
}
