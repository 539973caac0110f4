// Attribution: which of link and code names the inviter, who counts, one inviter per invitee, no circle — alone, in batches and at once.

import { randomUUID } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import type { Transaction } from '../../src/base/database.ts'
import { hashIdentifier } from '../../src/base/hashing.ts'
import { attributeAll } from '../../src/programs/attribution/attribution.ts'
import { checkCode } from '../../src/programs/index.ts'
import { retireCode } from '../../src/programs/attribution/invite-codes.ts'
import { useDatabase } from '../database.ts'
import { makeSignUps, programOf } from './sign-ups.ts'

const given = await useDatabase()
const { clock, database, keys } = given
const main = await makeSignUps(given, programOf('main'))
const strict = await makeSignUps(given, programOf('strict', { eligibility: { newCustomer: true, separateAccount: true } }))
const { attribute, click, codeOf, enrol, fresh, observe, programId, read, resource, signUpOf } = main
const later = (seconds: number): Date => new Date(clock.now().getTime() + seconds * 1000)
const referralOf = (inviteeId: bigint) => database.prisma.referral.findMany({ where: { inviteeId } })
const factOf = (inviteeId: bigint) => database.prisma.referralFact.findFirstOrThrow({ where: { inviteeId } })

describe('link and code', () => {
  test('when they name different inviters, the field `precedence` says which wins', async () => {
    const linked = await makeSignUps(given, programOf('link-first', { binding: { link: true, code: true, precedence: 'link', afterSignup: 'never' } }))
    for (const [programme, wins] of [[main, 'code'], [linked, 'link']] as const) {
      const [typed, followed, invitee] = await programme.fresh(3) as [bigint, bigint, bigint]
      const clickId = await programme.click(followed)
      const [attributed] = await programme.attribute(programme.signUpOf(invitee, { code: await programme.codeOf(typed), clickId }))
      expect(attributed).toMatchObject([{ inviterId: wins === 'code' ? typed : followed, channel: wins, notPayable: null }])
    }
  })

  test('a programme that binds by link alone ignores typed codes, and one that binds by code alone ignores links', async () => {
    for (const [link, channel] of [[true, 'link'], [false, 'code']] as const) {
      const programme = await makeSignUps(given, programOf(`only-${channel}`, { binding: { link, code: !link, precedence: 'typed', afterSignup: 'never' } }))
      const [typed, followed, invitee] = await programme.fresh(3) as [bigint, bigint, bigint]
      const [attributed] = await programme.attribute(programme.signUpOf(invitee, { code: await programme.codeOf(typed), clickId: await programme.click(followed) }))
      expect(attributed).toMatchObject([{ channel, inviterId: link ? followed : typed }])
    }
  })

  test('a typed code keeps the click by which the same code was followed', async () => {
    const [inviter, invitee] = await fresh(2) as [bigint, bigint]
    const clickId = await click(inviter)
    await attribute(signUpOf(invitee, { code: await codeOf(inviter), clickId }, { occurredAt: later(90), recordedAt: later(90) }))
    expect(await factOf(invitee)).toMatchObject({ channel: 'code', clickedAt: clock.now() })
  })

  test('the time of the click reaches the fact, so that a sign-up within two seconds can be evidence', async () => {
    const [inviter, invitee] = await fresh(2) as [bigint, bigint]
    const clickId = await click(inviter)
    await attribute(signUpOf(invitee, { clickId }, { occurredAt: later(1), recordedAt: later(1) }))
    const { clickedAt, occurredAt } = await factOf(invitee)
    expect(occurredAt.getTime() - (clickedAt?.getTime() ?? 0)).toBe(1000)
  })

  test('a platform’s clock that runs up to five minutes behind loses no link, and makes no false zero between click and sign-up', async () => {
    const [inviter, invitee, other] = await fresh(3) as [bigint, bigint, bigint]
    const clickId = await click(inviter)
    expect(await attribute(signUpOf(invitee, { clickId }, { occurredAt: later(-300) }))).toMatchObject([[{ channel: 'link' }]])
    expect((await factOf(invitee)).clickedAt).toBeNull()
    expect(await attribute(signUpOf(other, { clickId }, { occurredAt: later(-301) }))).toEqual([[]])
  })

  test('a bot’s click binds nobody, nor does an id that is none', async () => {
    const [inviter, invitee] = await fresh(2) as [bigint, bigint]
    const clickId = await click(inviter, { isBot: true })
    expect(await attribute(signUpOf(invitee, { clickId }), signUpOf(invitee, { clickId: 'x' }), signUpOf(invitee, { clickId: randomUUID() }))).toEqual([[], [], []])
  })

  test('an imported code with hyphens is found as it is typed', async () => {
    const [inviter, invitee] = await fresh(2) as [bigint, bigint]
    await database.prisma.inviteCode.create({ data: { programId, accountId: inviter, code: 'DANA-2024', actorId: 1n, recordedAt: clock.now() } })
    expect(await attribute(signUpOf(invitee, { code: ' dana-2024' }))).toMatchObject([[{ inviterId: inviter }]])
  })
})

describe('whose code binds', () => {
  test('a code that is retired after the sign-up still binds what is reported late; from its retirement on it binds nobody', async () => {
    const [inviter, early, late] = await fresh(3) as [bigint, bigint, bigint]
    const code = await codeOf(inviter)
    const before = clock.now()
    clock.advance(60)
    expect(await read((transaction) => retireCode(transaction, { keys, clock, actorId: 1n }, { programId, accountId: inviter }))).toMatchObject({ code })
    expect(await attribute(signUpOf(early, { code }, { occurredAt: before }), signUpOf(late, { code }))).toMatchObject([[{ inviterId: inviter, notPayable: null }], []])
    expect(await database.prisma.act.findFirst({ where: { kind: 'invite_code_retired' }, orderBy: { sequence: 'desc' } })).not.toBeNull()
  })

  test('the code of a member who left the programme is closed and binds nobody; a suspended member’s still binds', async () => {
    const [left, idle, ...invitees] = await fresh(4) as [bigint, bigint, bigint, bigint]
    const codes = [await codeOf(left), await codeOf(idle)] as const
    const clickId = await click(left)
    await enrol(left, 'closed', clock.now())
    await enrol(idle, 'suspended', clock.now())
    expect(await read(async (transaction) => [await checkCode(transaction, programId, codes[0], clock.now()), await checkCode(transaction, programId, codes[1], clock.now())]))
      .toMatchObject([{ status: 'closed' }, { status: 'valid' }])
    const [first, second] = invitees
    expect(await attribute(signUpOf(first, { code: codes[0] }), signUpOf(first, { clickId }), signUpOf(second, { code: codes[1] }))).toMatchObject([[], [], [{ inviterId: idle, notPayable: null }]])
    await expect(click(left)).rejects.toThrow('closed_code')
  })
})

describe('who counts', () => {
  const invite = async (prepare: (inviter: bigint, invitee: bigint) => Promise<void>, resourceHashes: Uint8Array[] = []) => {
    const [inviter, invitee] = await strict.fresh(2) as [bigint, bigint]
    await prepare(inviter, invitee)
    const [attributed] = await strict.attribute(strict.signUpOf(invitee, { code: await strict.codeOf(inviter) }, { resourceHashes }))
    return { attributed, fact: await factOf(invitee), referrals: await referralOf(invitee) }
  }
  const notEligible = { attributed: [{ notPayable: 'not_eligible', referralId: null }], fact: { notPayable: 'not_eligible', referralId: null }, referrals: [] }

  test('a genuine new and separate customer does', async () => {
    expect(await invite(async (inviter, invitee) => {
      await observe(inviter, 'email', 'a@example.com')
      await observe(invitee, 'email', 'b@example.com')
    }, [resource('of its own')])).toMatchObject({ attributed: [{ notPayable: null }], referrals: [{ state: 'active' }] })
  })

  test('not a customer who had an earlier account by e-mail, kept as a fact with the reason', async () => {
    expect(await invite(async (_, invitee) => {
      const earlier = await strict.fresh()
      await observe(earlier, 'email', 'old@example.com')
      await database.prisma.account.update({ where: { id: earlier }, data: { occurredAt: new Date('2020-01-01T00:00:00Z') } })
      await database.prisma.account.update({ where: { id: invitee }, data: { occurredAt: clock.now() } })
      await observe(invitee, 'email', 'old@example.com')
    })).toMatchObject(notEligible)
  })

  test('not an instance inside the inviter’s own account: a shared resource, which the sign-up itself reports', async () => {
    expect(await invite(async (inviter) => {
      await database.prisma.accountResource.create({ data: { accountId: inviter, resourceHash: new Uint8Array(resource('instance 7')), recordedAt: clock.now() } })
    }, [resource('instance 7')])).toMatchObject(notEligible)
  })

  test('not an account below the inviter’s, or of one organisation', async () => {
    expect(await invite((inviter, invitee) => database.prisma.account.update({ where: { id: invitee }, data: { parentId: inviter } }).then(() => undefined))).toMatchObject(notEligible)
    expect(await invite(async (inviter, invitee) => {
      await database.prisma.account.updateMany({ where: { id: { in: [inviter, invitee] } }, data: { organisationHash: new Uint8Array(32).fill(5) } })
    })).toMatchObject(notEligible)
  })

  test('not staff, tests or sales-owned leads, on either side', async () => {
    for (const side of [0, 1]) {
      expect(await invite(async (...pair) => {
        await database.prisma.excludedAccount.create({ data: { accountId: pair[side] ?? 0n, reason: 'staff', startsAt: new Date(0), recordedAt: clock.now(), actorId: 1n } })
      })).toMatchObject(notEligible)
    }
  })

  test('resources are kept as keyed hashes alone', async () => {
    const invitee = await fresh()
    await attribute(signUpOf(invitee, {}, { resourceHashes: [resource('instance-secret')] }), signUpOf(invitee, {}, { resourceHashes: [resource('instance-secret')] }))
    const rows = await database.prisma.accountResource.findMany({ where: { accountId: invitee } })
    expect(rows.map(({ resourceHash }) => Buffer.from(resourceHash).length)).toEqual([32])
    expect(Buffer.from(rows[0]?.resourceHash ?? []).toString('latin1')).not.toContain('instance')
  })
})

describe('one inviter, no circle', () => {
  test('nobody invites themselves, and nobody is invited twice', async () => {
    const [first, second, invitee] = await fresh(3) as [bigint, bigint, bigint]
    const [own, once, twice] = await attribute(
      signUpOf(first, { code: await codeOf(first) }), signUpOf(invitee, { code: await codeOf(first) }), signUpOf(invitee, { code: await codeOf(second) }, { isLate: true }))
    expect([own, once, twice]).toMatchObject([[{ notPayable: 'self_referral' }], [{ notPayable: null }], [{ notPayable: 'second_inviter' }]])
  })

  test('the database itself refuses a second inviter', async () => {
    const [first, second, invitee] = await fresh(3) as [bigint, bigint, bigint]
    await attribute(signUpOf(invitee, { code: await codeOf(first) }))
    const row = { programId, inviterId: second, inviteeId: invitee, state: 'active', source: 'code', occurredAt: clock.now(), recordedAt: clock.now(), effectiveAt: clock.now(), actorId: 1n }
    await expect(database.prisma.referral.create({ data: row })).rejects.toThrow(/[Uu]nique/)
  })

  test('a circle of any length does not close, also not inside one batch', async () => {
    const members = await fresh(12)
    const signUps = await Promise.all(members.map(async (member, place) => signUpOf(member, { code: await codeOf(members[(place + 1) % members.length] ?? 0n) })))
    const attributed = await attribute(...signUps)
    expect(attributed.map(([each]) => each?.notPayable)).toEqual([...Array.from({ length: 11 }, () => null), 'cycle'])
    expect(await factOf(members[11] ?? 0n)).toMatchObject({ notPayable: 'cycle', referralId: null })
  })

  test('nor does one whose first half was there before', async () => {
    const [a, b, c, d] = await fresh(4) as [bigint, bigint, bigint, bigint]
    await attribute(signUpOf(b, { code: await codeOf(a) }), signUpOf(c, { code: await codeOf(b) }))
    expect(await attribute(signUpOf(d, { code: await codeOf(c) }), signUpOf(a, { code: await codeOf(d) }))).toMatchObject([[{ notPayable: null }], [{ notPayable: 'cycle' }]])
  })

  test('two sign-ups that would close a circle meet: one of them binds, in each of forty rounds', async () => {
    for (let round = 0; round < 40; round++) {
      const [left, right] = await fresh(2) as [bigint, bigint]
      const [leftCode, rightCode] = [await codeOf(left), await codeOf(right)]
      const both = (await Promise.all([attribute(signUpOf(left, { code: rightCode })), attribute(signUpOf(right, { code: leftCode }))])).flat(2)
      expect(both.map(({ notPayable }) => notPayable).sort()).toEqual(['cycle', null])
    }
  })

  test('eight batches at once that bind the same invitees to eight inviters make one relation each', async () => {
    const [inviters, invitees] = [await fresh(8), await fresh(10)]
    const codes = await Promise.all(inviters.map((inviter) => codeOf(inviter)))
    const all = (await Promise.all(codes.map((code) => attribute(...invitees.map((invitee) => signUpOf(invitee, { code })))))).flat(2)
    expect(all.filter(({ notPayable }) => notPayable === null)).toHaveLength(10)
    expect(await database.prisma.referral.count({ where: { inviteeId: { in: invitees } } })).toBe(10)
    expect(await database.prisma.referralFact.count({ where: { inviteeId: { in: invitees }, notPayable: 'second_inviter' } })).toBe(70)
  })
})

describe('many sign-ups', () => {
  test('take as many statements as one', async () => {
    const inviters = await fresh(5)
    const codes = await Promise.all(inviters.map((inviter) => codeOf(inviter)))
    const clicks = await Promise.all(inviters.map((inviter) => click(inviter)))
    const counted = async (count: number): Promise<number> => {
      const invitees = await fresh(count)
      const signUps = invitees.map((invitee, place) => signUpOf(invitee, place % 2 === 0 ? { code: codes[place % 5] } : { clickId: clicks[place % 5] }, { resourceHashes: [resource(`r ${invitee}`)] }))
      return countStatements((transaction) => attributeAll(transaction, signUps))
    }
    const [few, many] = [await counted(2), await counted(60)]
    expect(many).toBe(few)
    expect(many).toBeLessThan(30)
  })

  /** Every call on the transaction is one statement, but for relations that Prisma reads after it. */
  async function countStatements(work: (transaction: Transaction) => Promise<unknown>): Promise<number> {
    let count = 0
    const counting = (target: object): object => new Proxy(target, {
      get(object, name) {
        const value: unknown = Reflect.get(object, name)
        if (typeof value === 'function') return (...parameters: unknown[]) => { count++; return Reflect.apply(value, object, parameters) as unknown }
        return typeof value === 'object' && value !== null ? counting(value) : value
      },
    })
    await database.inTransaction((transaction) => work(counting(transaction) as Transaction))
    return count
  }

  test('see what was observed of the click: it becomes the new account’s own', async () => {
    const [inviter, invitee] = await fresh(2) as [bigint, bigint]
    const hash = new Uint8Array(hashIdentifier(keys, 'device:cookie', 'of the click').hash)
    const { id } = await database.prisma.identifier.create({ data: { kind: 'device:cookie', hash, keyId: 1, recordedAt: clock.now() } })
    const clickId = await click(inviter, { identifierIds: [id] })
    await attribute(signUpOf(invitee, { clickId }))
    expect(await database.prisma.observation.findMany({ where: { accountId: invitee } })).toMatchObject([{ identifierId: id, context: 'click', occurredAt: clock.now() }])
  })
})
