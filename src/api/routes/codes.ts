// Invite codes, links and clicks: what a sign-up form asks, what a host reports, and the public link that leads there.
// Promises: the public link leads to the host of the program's template and nowhere else; a flood leaves a bounded number of rows.

import { z } from 'zod'
import { Problem } from '../../base/problems.ts'
import { externalId, observation, programKey } from '../../checks/index.ts'
import { takeClick } from '../../intake/take-clicks.ts'
import { inLanguage, type ProgramVersion, programVersionAt, RULE_LANGUAGES } from '../../policies/index.ts'
import { inBulkTransaction, openBatch, recordAccounts } from '../../population/index.ts'
import {
  AD_PARAMETER, AD_PARAMETERS_MAX, checkCode, type ClickRefusal, findCodes, followTarget, frontPage, inviteCodeOf, inviteLink, recordClick, recordResources, resourceHash, retireCode, sharesOf,
  SKEW_SECONDS,
} from '../../programs/index.ts'
import type { Transaction } from '../../base/database.ts'
import { isPreviewBot } from '../preview-bots.ts'
import { accountOf, type ApiParts, callerOf, programOf } from '../parts.ts'
import { addressName, limitCallsPerMinute } from '../rate-limits.ts'
import { defineRoute, type Route, type RouteRequest } from '../route.ts'
import { line, time } from '../schemas.ts'
import { createBudget } from '../budget.ts'

/** As typed: case, spaces and hyphens do not matter. */
const typedCode = z.string().trim().min(1).max(40).regex(/^[A-Za-z0-9 _.-]+$/, 'must have letters and digits')
const hostName = z.string().max(253).regex(/^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?$/, 'must be the name of a host')
const adParameter = z.string().regex(AD_PARAMETER, 'must be the name of a parameter')
const landingPage = z.url({ protocol: /^https?$/ }).max(500).refine((text) => !/[?#@]/.test(text), 'must come without query values')
const resourceIds = z.array(externalId).max(100)

const codeStatus = z.strictObject({ status: z.enum(['valid', 'unknown', 'closed']) }).meta({ id: 'CodeStatus' })
const clickAnswer = z.strictObject({ click_id: z.uuid() }).meta({ id: 'Click' })
const share = z.strictObject({ text: z.string(), x: z.string(), linkedin: z.string() }).meta({ id: 'Share' })
const accountAnswer = z.strictObject({
  account: z.string(), program: z.string(), code: z.string(), link: z.string(),
  followed_path: z.string().describe('Below this server’s address: the same link, with clicks counted.'),
  share_text: z.record(z.string(), z.string()), share: z.record(z.string(), share).describe('By language: the text, and addresses that open a network’s own form with it.'),
  credit_scope: z.string().describe('What the reward may be spent on, in English or the one language there is.'),
  credit_scopes: z.record(z.string(), z.string()).describe('The same by language.'),
}).meta({ id: 'AccountCode' })

/** Codes asked about by one key in a minute: enough for every sign-up form of a platform, too few to guess one of 2⁵⁰. */
const CHECKS_PER_MINUTE = 600
/** Clicks of one code from one address that are kept in an hour; a whole office shares an address. */
const CLICKS_PER_ADDRESS_AND_HOUR = 60
export const CLICK_COOKIE = '__Host-ringfence_click'
const COOKIE_SECONDS = 90 * 86_400

export function codeRoutes(parts: ApiParts): Route[] {
  return [account(parts), check(parts), click(parts), follow(parts), retire(parts)]
}

function account({ database, keys, clock }: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/accounts', tag: 'Codes', scope: 'codes:write', programs: 'by_request',
    summary: 'The invite code and link of an account; both are made at first asking.',
    body: z.strictObject({ program: programKey, account: externalId, created_at: time.optional(), resource_ids: resourceIds.optional() }),
    description: 'Every account has them without applying. `resource_ids` (instances, projects) are added to those that are known of the account.',
    answers: { 200: { description: 'The current code.', schema: accountAnswer } },
    problems: ['not_found', 'refused'],
    async handle({ body, identity }) {
      const { actorId } = callerOf({ identity })
      const program = await programOf(database.prisma, identity, body.program)
      const version = await currentVersion(database.prisma, program.id, clock.now())
      const createdAt = body.created_at === undefined ? null : new Date(body.created_at).getTime() / 1000
      if (createdAt !== null && createdAt > clock.now().getTime() / 1000 + SKEW_SECONDS) throw new Problem('refused', 'created_in_the_future', 'The account cannot have been created in the future.')
      await inBulkTransaction(database, async (client) => {
        const batch = await openBatch(client, { source: 'api', actorId, kind: 'api', recordedAt: clock.now() })
        await recordAccounts(client, keys, batch, [{ externalId: body.account, createdAt, status: null, organisationId: null, country: null }])
      })
      const code = await database.inTransaction(async (transaction) => {
        const { accountId } = await transaction.accountIdentity.findUniqueOrThrow({ where: { externalId: body.account }, select: { accountId: true } })
        await recordResources(transaction, [{ accountId, recordedAt: clock.now(), resourceHashes: (body.resource_ids ?? []).map((id) => resourceHash(keys, id)) }])
        return inviteCodeOf(transaction, { programId: program.id, accountId, actorId, recordedAt: clock.now() })
      })
      const shares = sharesOf(version.rules, code.code)
      return {
        status: 200,
        body: {
          account: body.account, program: program.key, code: code.code, link: inviteLink(version.rules, code.code), followed_path: `/r/${encodeURIComponent(code.code)}`,
          share_text: Object.fromEntries(Object.entries(shares).map(([language, { text }]) => [language, text])), share: shares, credit_scope: inLanguage(version.rules.creditScope, 'en'),
          credit_scopes: Object.fromEntries(RULE_LANGUAGES.map((language) => [language, inLanguage(version.rules.creditScope, language)])),
        },
      }
    },
  })
}

function check({ database, clock }: ApiParts): Route {
  const limit = limitCallsPerMinute(clock, CHECKS_PER_MINUTE)
  return defineRoute({
    method: 'post', path: '/v1/codes/check', tag: 'Codes', scope: 'codes:read', programs: 'by_request',
    summary: 'Whether a typed code may bind: ask before the sign-up form is sent.',
    description: `At most ${CHECKS_PER_MINUTE} a minute for one key; limit your visitors by their own addresses too.`,
    body: z.strictObject({ program: programKey, code: typedCode }),
    answers: { 200: { description: 'Valid, closed (retired) or unknown.', schema: codeStatus } },
    problems: ['not_found', 'too_many_requests'],
    async handle({ body, identity }) {
      limit(identity)
      const program = await programOf(database.prisma, identity, body.program)
      const { status } = await checkCode(database.prisma, program.id, body.code, clock.now())
      return { status: 200, body: { status } }
    },
  })
}

function retire({ database, keys, clock }: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/codes/retire', tag: 'Codes', scope: 'codes:write', programs: 'by_request',
    summary: 'Retires an account’s code: it binds nobody any more and keeps its trail; the next asking makes another.',
    body: z.strictObject({ program: programKey, account: externalId }),
    answers: { 200: { description: 'The retired code; null where there was none.', schema: z.strictObject({ retired: z.string().nullable() }) } },
    problems: ['not_found'],
    async handle({ body, identity }) {
      const { actorId } = callerOf({ identity })
      const program = await programOf(database.prisma, identity, body.program)
      const accountId = await accountOf(database.prisma, body.account)
      const retired = await database.inTransaction((transaction) => retireCode(transaction, { keys, clock, actorId }, { programId: program.id, accountId }))
      return { status: 200, body: { retired: retired?.code ?? null } }
    },
  })
}

function click({ database, keys, clock }: ApiParts): Route {
  return defineRoute({
    method: 'post', path: '/v1/clicks', tag: 'Codes', scope: 'events:write', programs: 'by_request',
    summary: 'Reports a followed link of the host’s own; sign-up then sends the click id.',
    description: 'What was seen with the click is kept with it, and becomes what was seen of the account whose sign-up names it. Beyond a bound per code a click is not kept (429): lead the visitor on with the code.',
    body: z.strictObject({
      program: programKey, code: typedCode, occurred_at: time, landing_page: landingPage.optional(), referer_host: hostName.optional(),
      ad_parameters: z.array(adParameter).max(AD_PARAMETERS_MAX).optional(), user_agent: line(1000).optional(), observations: z.array(observation).max(16).optional(),
    }),
    answers: { 201: { description: 'An id that says nothing.', schema: clickAnswer } },
    problems: ['not_found', 'refused', 'invalid_request', 'too_many_requests'],
    async handle({ body, identity }) {
      const program = await programOf(database.prisma, identity, body.program)
      const occurredAt = new Date(body.occurred_at)
      if (occurredAt.getTime() > clock.now().getTime() + SKEW_SECONDS * 1000) throw new Problem('refused', 'occurred_in_the_future', 'The click cannot have occurred in the future.')
      const answer = await takeClick({ database, keys }, {
        programId: program.id, code: body.code, occurredAt, recordedAt: clock.now(), landingPage: body.landing_page ?? null, refererHost: body.referer_host?.toLowerCase() ?? null,
        adParameters: body.ad_parameters ?? [], isBot: isPreviewBot(body.user_agent ?? ''), observations: body.observations,
      })
      if (answer.ok) return { status: 201, body: { click_id: answer.clickId } }
      if (answer.reason === 'observation') throw new Problem('invalid_request', answer.detail, 'An observation of the click must not be kept.')
      throw refusedClick(answer.reason)
    },
  })
}

function refusedClick(reason: ClickRefusal): Problem {
  return reason === 'too_many_clicks' ? new Problem('too_many_requests', reason, 'More clicks of this code are not kept for now; its code binds all the same.')
    : new Problem('refused', reason, 'This code binds nobody.')
}

function follow({ database, clock }: ApiParts): Route {
  const budget = createBudget(clock, CLICKS_PER_ADDRESS_AND_HOUR, 3600)
  return defineRoute({
    method: 'get', path: '/r/:code', tag: 'Codes', scope: null, programs: 'none', limit: 'guesses',
    summary: 'Follows an invite link: on to the program’s own page, with the code and an opaque click id. Nowhere else.',
    description: 'Only a person’s own navigation is given a click id, in the address and as a cookie of this site that only its servers read. Of the query the names are kept, never the values.',
    params: z.strictObject({ code: typedCode }),
    query: z.looseObject({}),
    answers: { 302: { description: 'To the host of the program’s link template.' } },
    problems: ['not_found'],
    async handle(request) {
      const now = clock.now()
      const codes = await findCodes(database.prisma, [request.params.code])
      const found = codes.find(({ retiredAt }) => retiredAt === null) ?? codes[0]
      const version = found === undefined ? null : await programVersionAt(database.prisma, found.programId, now)
      if (found === undefined || version === null) throw new Problem('not_found', 'code', 'There is no such code.')
      const { status } = await checkCode(database.prisma, found.programId, found.code, now)
      const bare = status === 'valid' ? followTarget(version.rules, found.code, null) : frontPage(version.rules)
      if (bare === null) throw new Problem('not_found', 'link', 'The program’s link leads nowhere.')
      const isPerson = isNavigation(request) && !isPreviewBot(request.userAgent)
      const kept = status === 'valid' && budget.take(`${found.id} ${addressName(request.address)}`)
        ? await database.inTransaction((transaction) => recordClick(transaction, {
          programId: found.programId, code: found.code, occurredAt: now, recordedAt: now, landingPage: `${bare.origin}${bare.pathname}`.slice(0, 500), refererHost: hostOf(request.header('referer')),
          adParameters: Object.keys(request.query).filter((name) => AD_PARAMETER.test(name)).slice(0, AD_PARAMETERS_MAX), isBot: !isPerson,
        }))
        : null
      const clickId = kept?.ok === true && isPerson ? kept.clickId : null
      const target = clickId === null ? bare : followTarget(version.rules, found.code, clickId) ?? bare
      const cookie: Record<string, string> = clickId === null ? {} : { 'Set-Cookie': `${CLICK_COOKIE}=${clickId}; Path=/; Max-Age=${COOKIE_SECONDS}; HttpOnly; Secure; SameSite=Lax` }
      return { status: 302, text: '', headers: { Location: target.href, ...cookie } }
    },
  })
}

/** A page that a person opened in a window of its own: no picture, frame, script or prefetching that a page or a browser loads by itself. Browsers that do not say count as such. */
function isNavigation({ header, isHead }: Pick<RouteRequest<unknown, unknown, unknown>, 'header' | 'isHead'>): boolean {
  const isPrefetched = [header('sec-purpose'), header('purpose'), header('x-moz')].some((value) => /prefetch|prerender|preview/i.test(value ?? ''))
  return !isHead && !isPrefetched && ['document', undefined].includes(header('sec-fetch-dest'))
}

async function currentVersion(reader: Transaction, programId: bigint, now: Date): Promise<ProgramVersion> {
  const version = await programVersionAt(reader, programId, now)
  if (version === null) throw new Problem('refused', 'no_version_in_force', 'The program has no version in force yet.')
  return version
}

/** Of a referer header only the host is kept. */
function hostOf(referer: string | undefined): string | null {
  return referer === undefined || !URL.canParse(referer) ? null : new URL(referer).hostname.toLowerCase().slice(0, 253) || null
}
