// Links made of invite codes: what members share, where a followed link leads, and the code that somebody's pasted link holds.
// Promises: a followed link leads to the host of the programme's template and nowhere else, whatever the code is.

import type { ProgramRules } from '../../policies/index.ts'

type LinkRules = Pick<ProgramRules, 'linkTemplate' | 'shareText'>

export function inviteLink({ linkTemplate }: Pick<LinkRules, 'linkTemplate'>, code: string): string {
  return linkTemplate.replaceAll('{code}', encodeURIComponent(code))
}

export interface Share {
  /** With its advertising disclosure, as the operator wrote it. */
  readonly text: string
  /** Opens the network's own form with the text in it; LinkedIn takes the link alone. */
  readonly x: string
  readonly linkedin: string
}

/** By language. */
export function sharesOf(rules: LinkRules, code: string): Record<string, Share> {
  const link = inviteLink(rules, code)
  return Object.fromEntries(Object.entries(rules.shareText).map(([language, words]) => {
    const text = words.replaceAll('{code}', code).replaceAll('{link}', link)
    const x = new URLSearchParams(text.includes(link) ? { text } : { text, url: link })
    return [language, { text, x: `https://x.com/intent/post?${x.toString()}`, linkedin: `https://www.linkedin.com/sharing/share-offsite/?${new URLSearchParams({ url: link }).toString()}` }]
  }))
}

/** Where a follower of the link is led, with `ref` and, where a click was kept, its id; null where the template leads to no one host. */
export function followTarget({ linkTemplate }: Pick<LinkRules, 'linkTemplate'>, code: string, clickId: string | null): URL | null {
  const target = targetOf(linkTemplate, code)
  if (target === null) return null
  if (!target.searchParams.has('ref')) target.searchParams.set('ref', code)
  if (clickId !== null) target.searchParams.set('click_id', clickId)
  return target
}

/** The front page of the programme's host: where a link leads whose code binds nobody any more. */
export function frontPage({ linkTemplate }: Pick<LinkRules, 'linkTemplate'>): URL | null {
  const target = targetOf(linkTemplate, 'X')
  return target === null ? null : new URL('/', target)
}

/** A code must not choose the host: it stays the same whatever stands for the code. */
function targetOf(linkTemplate: string, code: string): URL | null {
  const [target, other, another] = [code, 'A', 'B'].map((each) => inviteLink({ linkTemplate }, each)).map((text) => (URL.canParse(text) ? new URL(text) : null))
  if (target === null || other === null || target === undefined || other?.host !== another?.host || target.host !== other?.host) return null
  return /^https?:$/.test(target.protocol) && target.username === '' && target.password === '' ? target : null
}

/** More words than this in a pasted link are not looked at. */
const WORDS_MAX = 16

/** What of a pasted link, or of a bare code, may be an invite code. */
export function codesIn(text: string): string[] {
  const url = URL.canParse(text) ? new URL(text) : null
  const words = url === null ? [text] : [...url.searchParams.values(), ...url.pathname.split('/'), ...url.hash.split(/[#/?&=]/)]
  return [...new Set(words.map((word) => word.trim()).filter((word) => /^[\p{L}\p{N}._~-]{4,40}$/u.test(word)))].slice(0, WORDS_MAX)
}
