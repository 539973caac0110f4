// HTML as a tagged template that escapes everything it is given, so that no value of a folder can become markup.

export class Html {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }

  concat(next: Html): Html {
    return new Html(this.text + next.text)
  }
}

export type HtmlPart = string | number | Html | null | readonly HtmlPart[]

export function html(strings: TemplateStringsArray, ...parts: readonly HtmlPart[]): Html {
  let text = strings[0] ?? ''
  for (const [index, part] of parts.entries()) text += render(part) + (strings[index + 1] ?? '')
  return new Html(text)
}

function render(part: HtmlPart): string {
  if (part === null) return ''
  if (part instanceof Html) return part.text
  if (typeof part === 'object') return part.map(render).join('')
  return escapeHtml(String(part))
}

const escapes: Readonly<Record<string, string>> = {
  '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', '\'': '&#39;', '`': '&#96;',
}

/** Also takes away what makes text run backwards or vanish: direction overrides and other format characters. */
export function escapeHtml(text: string): string {
  return text.replace(/[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\0]/g, '\ufffd').replace(/[&<>"'`]/g, (character) => escapes[character] ?? '')
}
