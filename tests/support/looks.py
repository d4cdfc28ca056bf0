"""What a browser measures of a page's looks: scripts, each lists offenders."""

from typing import Final

CUT_OFF: Final = """() => [...document.body.querySelectorAll("*")]
  .filter(element => !element.closest(".vh, .scroll, svg, .stack thead"))
  .filter(element => element.getBoundingClientRect().right > innerWidth + 0.5)
  .map(element => element.outerHTML.slice(0, 120))"""
"""Elements that stand out of the window's right side, but for those meant for a screen reader."""

BELOW_CONTRAST: Final = """() => {
  const numbers = color => color.match(/[\\d.]+/g).map(Number)
  const linear = part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4
  const light = ([red, green, blue]) =>
    0.2126 * linear(red / 255) + 0.7152 * linear(green / 255) + 0.0722 * linear(blue / 255)
  const behind = element => {
    for (let at = element; at; at = at.parentElement) {
      const color = numbers(getComputedStyle(at).backgroundColor)
      if (color.length < 4 || color[3] === 1) return color
    }
    return [255, 255, 255]
  }
  const contrast = element => {
    const style = getComputedStyle(element)
    const ink = light(numbers(element.closest("svg") ? style.fill : style.color))
    const paper = light(behind(element))
    return (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05)
  }
  const hasText = element => [...element.childNodes].some(n => n.nodeType === 3 && n.data.trim())
  return [...document.body.querySelectorAll("*")].filter(hasText)
    .filter(element => !element.closest(".vh, title"))
    .map(element => [contrast(element), element.outerHTML.slice(0, 120)])
    .filter(([found]) => found < 4.5)
}"""
"""Texts that are seen with a contrast below 4.5 (WCAG 2, level AA), and the contrast."""
