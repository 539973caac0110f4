// Links: what members share, where a followed link leads (to the programme's host and nowhere else), who counts as a follower, and that
// floods leave a bounded number of rows. Method: the server over HTTP, with the headers of browsers, bots and attackers.

import { randomUUID } from 'node:crypto'
import { beforeAll, describe, expect, test } from 'vitest'
import { apiyi, CLICKS_PER_HOUR, forgetClicks, recordClick } from '../../src/programs/index.ts'
import { useApi } from './api.ts'

const { api, call, clock, database, key, owner } = await useApi()
const [version] = apiyi.versions
const PERSON = { 'sec-fetch-dest': 'document', 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0' }
let token = ''

beforeAll(async () => {
  token = await key()
})

interface Linked {
  readonly program: string
  readonly programId: bigint
  readonly code: string
  readonly codeId: bigint
  readonly json: Record<string, unknown>
}

async function linked(rules: Record<string, unknown> = {}): Promise<Linked> {
  const program = `p-${randomUUID().slice(0, 8)}`
  const made = await call('POST', '/v1/programs', { token, body: { key: program, name: program, effective_from: '2026-01-01T00:00:00Z', rules: { ...version?.content, linkTemplate: 'https://api.market?ref={code}', ...rules } } })
  expect(made.status, made.text).toBe(201)
  const { json } = await call('POST', '/v1/accounts', { token, body: { program, account: `inviter-${program}` } })
  const { id: codeId, programId } = await database.prisma.inviteCode.findFirstOrThrow({ where: { code: String(json['code']) } })
  return { program, programId, code: String(json['code']), codeId, json }
}

const follow = (path: string, headers: Record<string, string> = PERSON) => call('GET', path, { headers })
const clicksOf = (codeId: bigint) => database.prisma.click.findMany({ where: { codeId }, orderBy: { id: 'asc' } })

describe('what a member shares', () => {
  test('every account has a link by the template, texts with disclosure per language, and addresses that share them, without applying', async () => {
    const { json, code } = await linked({ shareText: { en: 'Try it: {link} (ad)', 'zh-CN': '试试看:{code}(广告)' }, creditScope: { en: 'API usage', 'zh-CN': '调用 API' } })
    const link = `https://api.market?ref=${code}`
    expect(json).toMatchObject({ link, followed_path: `/r/${code}`, credit_scope: 'API usage', credit_scopes: { en: 'API usage', 'zh-CN': '调用 API' }, share_text: { en: `Try it: ${link} (ad)`, 'zh-CN': `试试看:${code}(广告)` } })
    const shares = json['share'] as Record<string, { text: string; x: string; linkedin: string }>
    const [en, zh] = [shares['en'], shares['zh-CN']]
    expect(Object.fromEntries(new URL(en?.x ?? '').searchParams), 'the text has the link in it').toEqual({ text: `Try it: ${link} (ad)` })
    expect(Object.fromEntries(new URL(zh?.x ?? '').searchParams)).toEqual({ text: `试试看:${code}(广告)`, url: link })
    for (const share of [en, zh]) {
      expect(new URL(share?.x ?? '').host).toBe('x.com')
      expect(new URL(share?.linkedin ?? '').searchParams.get('url')).toBe(link)
    }
  })

  test('a code that was retired is closed, not unknown, keeps its trail, and the account gets another', async () => {
    const { program, code, codeId } = await linked()
    await follow(`/r/${code}`)
    expect((await call('POST', '/v1/codes/retire', { token, body: { program, account: `inviter-${program}` } })).json).toEqual({ retired: code })
    expect((await call('POST', '/v1/codes/check', { token, body: { program, code } })).json).toEqual({ status: 'closed' })
    const again = await call('POST', '/v1/accounts', { token, body: { program, account: `inviter-${program}` } })
    expect(again.json['code']).not.toBe(code)
    expect(await clicksOf(codeId)).toHaveLength(1)
    expect((await call('POST', '/v1/codes/retire', { token, body: { program, account: `inviter-${program}` } })).json).toEqual({ retired: again.json['code'] })
  })
})

describe('a followed link', () => {
  test('leads to the template with ref and an opaque click id, and leaves a cookie that only servers of the same site read', async () => {
    const { code, codeId } = await linked()
    const answer = await follow(`/r/${code.toLowerCase()}`)
    expect(answer.status).toBe(302)
    const target = new URL(answer.headers.get('location') ?? '')
    const [click] = await clicksOf(codeId)
    expect([target.origin, Object.fromEntries(target.searchParams)]).toEqual(['https://api.market', { ref: code, click_id: click?.publicId }])
    expect(answer.headers.get('set-cookie')).toBe(`__Host-ringfence_click=${click?.publicId}; Path=/; Max-Age=7776000; HttpOnly; Secure; SameSite=Lax`)
    expect(click).toMatchObject({ isBot: false, landingPage: 'https://api.market/' })
    expect(answer.headers.get('cache-control')).toBe('no-store')
  })

  test('keeps other parameters of the template, and its own parameter for the code beside ref', async () => {
    const { code } = await linked({ linkTemplate: 'https://api.apiyi.com/register/?aff_code={code}&lang=zh#form' })
    const target = new URL((await follow(`/r/${code}`)).headers.get('location') ?? '')
    expect(target.href).toMatch(new RegExp(`^https://api\\.apiyi\\.com/register/\\?aff_code=${code}&lang=zh&ref=${code}&click_id=[0-9a-f-]{36}#form$`))
  })

  test('keeps names of parameters and the host of the referer, never values', async () => {
    const { code, codeId } = await linked()
    await follow(`/r/${code}?gclid=secret-1&utm_source=x&mail=dana@example.com&dana%40example.com=1&${'a'.repeat(60)}=1&__proto__=2`, { ...PERSON, referer: 'https://News.example.com/secret-2?q=secret-3' })
    const [click] = await clicksOf(codeId)
    expect(click).toMatchObject({ adParameters: ['gclid', 'utm_source', 'mail'], refererHost: 'news.example.com' })
    expect(JSON.stringify({ ...click, id: 0, codeId: 0 })).not.toMatch(/secret|dana/)
  })

  test('leads nowhere else, whatever is asked for', async () => {
    const { code } = await linked()
    for (const path of [`/r/${code}?url=https://evil.example`, `/r/${code}?ref=https://evil.example&click_id=x`, `/r/${code}?next=//evil.example`, `/r/${code}?${'x'.repeat(4000)}`]) {
      const target = new URL((await follow(path)).headers.get('location') ?? '')
      expect([target.host, target.searchParams.get('ref')]).toEqual(['api.market', code])
      expect(target.href).not.toMatch(/evil/)
    }
    for (const path of ['/r/https:%2F%2Fevil.example', '/r/%2F%2Fevil.example', '/r//evil.example', '/r/..%2F..%2Fevil', '/r/%0d%0aLocation:%20https:%2F%2Fevil.example', '/r/@evil.example', `/r/${code}%0d%0aX: y`]) {
      const answer = await follow(path)
      expect([400, 404], path).toContain(answer.status)
      expect(answer.headers.get('location')).toBeNull()
    }
  })

  test.each([
    ['a code that would choose the host', 'https://{code}.example.com/', 'EVIL.EXAMPLE'], ['a code that would end the host', 'https://example.com{code}/', '.EVIL.COM'],
  ])('leads nowhere where the template lets %s', async (_, linkTemplate, code) => {
    const { programId } = await linked()
    const rules = { ...(await database.prisma.programVersion.findFirstOrThrow({ where: { programId } })).rules as object, linkTemplate }
    await owner.prisma.programVersion.create({ data: { programId, number: 2, effectiveFrom: new Date('2026-05-01T00:00:00Z'), rules, digest: new Uint8Array(32), actorId: 1n, recordedAt: clock.now() } })
    const { accountId } = await database.prisma.inviteCode.findFirstOrThrow({ where: { programId } })
    await database.prisma.inviteCode.updateMany({ where: { programId }, data: { retiredAt: clock.now() } })
    await database.prisma.inviteCode.create({ data: { programId, accountId, code, actorId: 1n, recordedAt: clock.now() } })
    const answer = await follow(`/r/${code}`)
    expect([answer.status, answer.headers.get('location')]).toEqual([404, null])
  })

  test('whose code binds nobody any more leads to the front page of the host, without ref, click id or cookie', async () => {
    const { program, code, codeId } = await linked({ linkTemplate: 'https://api.market/join?ref={code}' })
    await call('POST', '/v1/codes/retire', { token, body: { program, account: `inviter-${program}` } })
    const answer = await follow(`/r/${code}`)
    expect([answer.status, answer.headers.get('location'), answer.headers.get('set-cookie')]).toEqual([302, 'https://api.market/', null])
    expect(await clicksOf(codeId)).toHaveLength(0)
  })
})

describe('who follows', () => {
  const others: readonly (readonly [string, string, Record<string, string>])[] = [
    ['a link preview', 'GET', { ...PERSON, 'user-agent': 'Mozilla/5.0 (compatible; Slackbot-LinkExpanding 1.0)' }],
    ['a preview without Sec-Fetch headers', 'GET', { 'user-agent': 'WhatsApp/2.23.20.0' }],
    ['a picture in a page', 'GET', { ...PERSON, 'sec-fetch-dest': 'image' }],
    ['a hidden frame', 'GET', { ...PERSON, 'sec-fetch-dest': 'iframe' }],
    ['a script', 'GET', { ...PERSON, 'sec-fetch-dest': 'empty' }],
    ['a browser that prefetches', 'GET', { ...PERSON, 'sec-purpose': 'prefetch;prerender' }],
    ['a request for the head alone', 'HEAD', PERSON],
  ]

  test.each(others)('%s is led on and kept, but gets no click id, no cookie, and does not count', async (_, method, headers) => {
    const { program, code, codeId } = await linked()
    const answer = await call(method, `/r/${code}`, { headers })
    expect([answer.status, answer.headers.get('location'), answer.headers.get('set-cookie')]).toEqual([302, `https://api.market/?ref=${code}`, null])
    expect(await clicksOf(codeId)).toMatchObject([{ isBot: true }])
    const member = await call('POST', '/v1/members/query', { token, body: { program, account: `inviter-${program}` } })
    expect((member.json['figures'] as { clicks: number }).clicks).toBe(0)
  })

  test('a browser that sends no Sec-Fetch headers counts as a person', async () => {
    const { code, codeId } = await linked()
    expect((await follow(`/r/${code}`, { 'user-agent': 'Mozilla/5.0 (iPhone) Safari/604.1' })).headers.get('set-cookie')).toMatch(/^__Host-/)
    expect(await clicksOf(codeId)).toMatchObject([{ isBot: false }])
  })
})

describe('clicks of the host’s own links', () => {
  const report = (program: string, code: string, more: Record<string, unknown> = {}) => call('POST', '/v1/clicks', { token, body: { program, code, occurred_at: clock.now().toISOString(), ...more } })

  test('keep landing page, referer host, names of parameters and what was seen, which then belongs to the account that signs up', async () => {
    const { program, code, codeId } = await linked()
    const answer = await report(program, code, {
      landing_page: 'https://api.market/pricing', referer_host: 'Blog.Example.com', ad_parameters: ['gclid'], observations: [{ kind: 'device:cookie', value: 'cookie-of-click' }, { kind: 'ip', value: '203.0.113.77' }],
    })
    expect(answer.status, answer.text).toBe(201)
    expect(await clicksOf(codeId)).toMatchObject([{ publicId: answer.json['click_id'], landingPage: 'https://api.market/pricing', refererHost: 'blog.example.com', adParameters: ['gclid'] }])
    const signUp = { source: 'host', event_id: `s-${program}`, type: 'signup', account: `friend-${program}`, occurred_at: clock.now().toISOString(), click_id: answer.json['click_id'] }
    expect((await call('POST', '/v1/events', { token, body: signUp })).json).toMatchObject({ referrals: [{ channel: 'link', not_payable: null }] })
    const { accountId } = await database.prisma.accountIdentity.findUniqueOrThrow({ where: { externalId: `friend-${program}` } })
    const seen = await database.prisma.observation.findMany({ where: { accountId }, include: { identifier: { select: { kind: true } } } })
    expect(seen.map(({ context, identifier }) => `${context} ${identifier.kind}`).sort()).toEqual(expect.arrayContaining(['click device:cookie', 'click ip']))
  })

  test('refuse query values, values of parameters and raw card numbers, and keep nothing of them', async () => {
    const { program, code, codeId } = await linked()
    for (const more of [{ landing_page: 'https://api.market/?mail=x' }, { ad_parameters: ['gclid=1'] }, { referer_host: 'https://x.example/' }, { observations: [{ kind: 'payment', value: '4111111111111111' }] }]) {
      expect((await report(program, code, more)).status).toBe(400)
    }
    expect(await clicksOf(codeId)).toHaveLength(0)
  })
})

describe('traffic', () => {
  test('bought clicks and banned referers bind, and what they earn is held, where the rules say so', async () => {
    const { program, programId, code } = await linked({ traffic: { paid: 'hold', bannedReferers: ['coupons.example', '*.bad.example'] } })
    const open = await linked()
    let count = 0
    const signUp = async (of: { program: string; code: string }, query: string, referer?: string): Promise<string> => {
      const location = (await follow(`/r/${of.code}${query}`, referer === undefined ? PERSON : { ...PERSON, referer })).headers.get('location') ?? ''
      const account = `visitor-${of.program}-${count++}`
      await call('POST', '/v1/events', { token, body: { source: 'host', event_id: account, type: 'signup', account, occurred_at: clock.now().toISOString(), click_id: new URL(location).searchParams.get('click_id') } })
      await call('POST', '/v1/events', { token, body: { source: 'host', event_id: `pay-${account}`, type: 'recharge', account, amount: '100', currency: 'USD', occurred_at: clock.now().toISOString() } })
      const rebate = await database.prisma.rebate.findFirstOrThrow({ where: { referral: { accountReferralInviteeIdToaccount: { accountIdentity: { externalId: account } } } }, include: { hold: true } })
      return rebate.hold.map(({ reason }) => reason).join(' ')
    }
    const [bought, banned, below, plain, lookalike] = [
      await signUp({ program, code }, '?GCLID=1'), await signUp({ program, code }, '', 'https://coupons.example/x'), await signUp({ program, code }, '', 'https://deep.bad.example/'),
      await signUp({ program, code }, '?utm_source=mail'), await signUp({ program, code }, '', 'https://notcoupons.example/'),
    ]
    const elsewhere = await signUp(open, '?gclid=1')
    for (const reasons of [bought, banned, below]) expect(reasons).toContain('paid_traffic')
    for (const reasons of [plain, lookalike, elsewhere]) expect(reasons).not.toContain('paid_traffic')
    expect(await database.prisma.referral.count({ where: { programId, state: 'active' } })).toBe(5)
  })
})

describe('floods', () => {
  test('on one code leave a bounded number of rows, and lead visitors on with the code, which binds all the same', async () => {
    const { code, codeId, programId } = await linked()
    const flood = () => database.inTransaction((transaction) => recordClick(transaction, { programId, code, occurredAt: clock.now(), recordedAt: clock.now() }))
    await database.prisma.click.createMany({ data: Array.from({ length: CLICKS_PER_HOUR - 40 }, () => ({ publicId: randomUUID(), codeId, occurredAt: clock.now(), recordedAt: clock.now() })) })
    for (let round = 0; round < 3; round++) await Promise.all(Array.from({ length: 30 }, flood))
    expect(await database.prisma.click.count({ where: { codeId } })).toBe(CLICKS_PER_HOUR)
    const answer = await follow(`/r/${code}`)
    expect(answer.headers.get('location')).toBe(`https://api.market/?ref=${code}`)
    expect((await call('POST', '/v1/clicks', { token, body: { program: (await database.prisma.program.findUniqueOrThrow({ where: { id: programId } })).key, code, occurred_at: clock.now().toISOString() } })).status).toBe(429)
    clock.advance(3601)
    expect((await follow(`/r/${code}`)).headers.get('set-cookie')).toMatch(/^__Host-/)
  })

  test('from one address leave at most sixty rows of a code in an hour', async () => {
    const { code, codeId } = await linked()
    for (let place = 0; place < 70; place++) expect((await follow(`/r/${code}`)).status).toBe(302)
    expect(await clicksOf(codeId)).toHaveLength(60)
  })

  test('of questions about codes are refused beyond six hundred a minute of one key, and other keys are not', async () => {
    const { program, code } = await linked()
    const [busy, other] = [await key(), await key()]
    clock.advance(60)
    const ask = async (token: string): Promise<number> => (await call('POST', '/v1/codes/check', { token: token, body: { program, code } })).status
    const statuses = new Map<number, number>()
    for (let done = 0; done < 620; done += 20) for (const status of await Promise.all(Array.from({ length: 20 }, () => ask(busy)))) statuses.set(status, (statuses.get(status) ?? 0) + 1)
    expect([...statuses].sort()).toEqual([[200, 600], [429, 20]])
    expect(await ask(other)).toBe(200)
    clock.advance(60)
    expect(await ask(busy)).toBe(200)
  })

  test('of codes that nobody has leave no rows at all', async () => {
    const before = await database.prisma.click.count()
    for (let place = 0; place < 20; place++) expect((await follow(`/r/ZZZZZZZZ${String(place).padStart(2, '2')}`)).status).toBe(404)
    expect(await database.prisma.click.count()).toBe(before)
  })

  test('clicks that led to no sign-up become counts after ninety days; those that a relation names stay, and the member’s figure does not change', async () => {
    const { program, code, codeId } = await linked()
    for (let place = 0; place < 3; place++) await follow(`/r/${code}`)
    await follow(`/r/${code}`, { ...PERSON, 'sec-fetch-dest': 'image' })
    const [named] = await clicksOf(codeId)
    await call('POST', '/v1/events', { token, body: { source: 'host', event_id: `kept-${program}`, type: 'signup', account: `kept-${program}`, occurred_at: clock.now().toISOString(), click_id: named?.publicId } })
    clock.advance(90 * 86_400)
    await forgetClicks({ database, clock })
    expect(await clicksOf(codeId)).toHaveLength(4)
    clock.advance(1)
    await Promise.all([forgetClicks({ database, clock }), forgetClicks({ database, clock })])
    expect(await clicksOf(codeId)).toMatchObject([{ id: named?.id }])
    expect(await database.prisma.clickDay.findMany({ where: { codeId } })).toMatchObject([{ clicks: 2n, bots: 1n }])
  })
})

describe('the server', () => {
  test('serves the link to anybody, and the rest of codes and claims with a key alone', () => {
    const scopes = api.routes.filter(({ tag }) => tag === 'Codes' || tag === 'Claims').map(({ path, scope }) => [path, scope])
    expect(scopes.filter(([, scope]) => scope === null)).toEqual([['/r/:code', null]])
  })
})
