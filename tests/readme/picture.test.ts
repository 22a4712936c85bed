import { expect, it } from 'vitest'
import { svgOf } from '../../tools/picture/svg.ts'

it('the picture puts each word at its column, in the colour it had on the screen', () => {
  const svg = svgOf('NAME   STATE\na & b  \x1b[36mworking\x1b[39m  <id>\n\n\n', 40, 'status')
  const texts = [...svg.matchAll(/<text x="([\d.]+)" y="(\d+)"[^>]*?(?: fill="(#\w+)")?>([^<]*)</g)].map(match =>
    match.slice(1),
  )
  const [[, y1], [, y2]] = [texts[1] ?? [], texts[3] ?? []]
  expect(Number(y2)).toBeGreaterThan(Number(y1))
  expect(texts.slice(1)).toEqual([
    ['16.0', y1, undefined, 'NAME'],
    ['74.8', y1, undefined, 'STATE'],
    ['16.0', y2, undefined, 'a &amp; b'],
    ['74.8', y2, '#56d4dd', 'working'],
    ['150.4', y2, undefined, '&lt;id&gt;'],
  ])
})

it('what it cannot draw it does not draw wrongly', () => {
  expect(() => svgOf('\x1b[7mreverse\x1b[0m', 40, 'status')).toThrow('SGR 7')
})
