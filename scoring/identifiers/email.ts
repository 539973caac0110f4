// E-mail addresses: the mailbox that the spellings of an address lead to, its domain, and the pattern of numbered names.
import { asciiDigits } from './card-number.ts'
import { IdentifierFlag } from '../population.ts'
import { accepted, refused } from './shape.ts'
import type { NormalisedIdentifier, Normaliser } from './shape.ts'

/** Providers that ignore dots in the local part, by the domain that their addresses are kept under. */
const dotless: ReadonlyMap<string, string> = new Map([['gmail.com', 'gmail.com'], ['googlemail.com', 'gmail.com']])

/** Public mailbox providers: their domains are shared by millions and link nobody. */
const freeProviders: ReadonlySet<string> = new Set(
  `gmail.com outlook.com hotmail.com live.com msn.com yahoo.com ymail.com icloud.com me.com mac.com aol.com proton.me
   protonmail.com pm.me gmx.de gmx.net gmx.com web.de mail.ru yandex.ru yandex.com bk.ru inbox.ru list.ru qq.com foxmail.com
   163.com 126.com yeah.net sina.com sina.cn sohu.com 139.com 189.cn aliyun.com naver.com daum.net hanmail.net yahoo.co.jp
   yahoo.co.uk yahoo.fr yahoo.de hotmail.co.uk hotmail.fr hotmail.de free.fr orange.fr laposte.net t-online.de libero.it
   zoho.com fastmail.com tutanota.com tuta.io hey.com rediffmail.com uol.com.br bol.com.br mail.com seznam.cz wp.pl o2.pl`
    .split(/\s+/),
)

export const normaliseEmail: Normaliser = (identifier, lists) => {
  const { attributes } = identifier
  const text = identifier.value.normalize('NFKC').toLowerCase().replace(/\p{Cf}/gu, '').replace(/^mailto:/, '')
  const match = /^([^\s@<>,;]{1,64})@([^\s@<>,;]{1,253})$/u.exec(text)
  const rawDomain = match?.[2]?.replace(/\.$/, '') ?? ''
  if (match?.[1] === undefined || !isDomain(rawDomain)) return refused('not_an_email')
  const domain = dotless.get(rawDomain) ?? rawDomain
  const untagged = match[1].replace(/\+.*$/u, '')
  if (untagged === '') return refused('not_an_email')
  const local = dotless.has(rawDomain) ? untagged.replaceAll('.', '') : untagged
  if (local === '') return refused('not_an_email')

  const isDisposable = lists.disposableDomains.has(domain) || parentDomains(domain).some((d) => lists.disposableDomains.has(d))
  const flags = (isDisposable ? IdentifierFlag.disposable : 0) | (freeProviders.has(domain) ? IdentifierFlag.freeProvider : 0)
  const shown = { ...attributes, domain, mask: `${local.slice(0, 1)}…@${domain}` }
  const identifiers: NormalisedIdentifier[] = [
    { kind: 'email', value: `${local}@${domain}`, flags, model: null, attributes: shown },
    { kind: 'email:domain', value: domain, flags, model: null, attributes: { domain } },
  ]
  const pattern = numberedPattern(local)
  if (pattern !== null) {
    identifiers.push({ kind: 'email:pattern', value: `${pattern}@${domain}`, flags, model: null, attributes: { domain } })
  }
  return accepted(...identifiers)
}

function isDomain(text: string): boolean {
  return /^(?:[\p{L}\p{N}](?:[\p{L}\p{N}\p{M}-]{0,61}[\p{L}\p{N}\p{M}])?\.)+[\p{L}\p{N}\p{M}-]{2,63}$/u.test(text)
}

/** `a.b.example.com` → `b.example.com`, `example.com`. */
function parentDomains(domain: string): string[] {
  const labels = domain.split('.')
  return labels.slice(1, -1).map((_, index) => labels.slice(index + 1).join('.'))
}

/** `abc001` → `abc###`: what a script that numbers its accounts leaves behind. Null if the name has no number at its end. */
export function numberedPattern(local: string): string | null {
  const match = /^(.*[\p{L}._-])(\d{2,})$/u.exec(asciiDigits(local))
  if (match?.[1] === undefined || match[2] === undefined || match[1].length < 2) return null
  return match[1] + '#'.repeat(match[2].length)
}
