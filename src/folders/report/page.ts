// The frame of every page: a content policy that forbids all requests and scripts, the style, the brand and the footer.
import type { Language } from '../refusals.ts'
import { Html, html } from './html.ts'
import { pageStyle } from './style.ts'

const brandMark = new Html('<svg viewBox="0 0 24 24" aria-hidden="true"><circle cx="12" cy="12" r="9" fill="none" stroke="currentColor" '
  + 'stroke-width="2" stroke-dasharray="42 8" transform="rotate(-58 12 12)"/><circle cx="12" cy="3.2" r="2.4" fill="currentColor"/>'
  + '<circle cx="4.6" cy="16.6" r="2.4" fill="currentColor"/><circle cx="19.4" cy="16.6" r="2.4" fill="currentColor"/></svg>')

export interface PageFrame {
  readonly language: Language
  readonly title: string
  readonly subtitle: string
  readonly body: Html
  readonly footer: Html
}

export function renderPage({ language, title, subtitle, body, footer }: PageFrame): string {
  return html`<!doctype html>
<html lang="${language}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<title>${title} · Ringfence</title>
<style>${new Html(pageStyle)}</style>
</head>
<body>
<main>
<header class="top">
<div class="brand">${brandMark}Ringfence</div>
<h1>${title}</h1>
<p class="soft">${subtitle}</p>
</header>
${body}
<footer>${footer}</footer>
</main>
</body>
</html>
`.text
}
