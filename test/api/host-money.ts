// Instructions to a host in a told history: three small credits of an inviter's reward, one of them refused.

import { rewardTransferPlan } from '../../src/ledger/index.ts'
import { answerInstruction, movablePositionsOf, postMove } from '../../src/programs/index.ts'
import type { TestDatabase } from '../database.ts'
import { answerOf } from '../programs/programme.ts'

/** The ids that the host knows: two that wait for their answer, and one that was refused. */
export async function sendToHost({ database, keys, clock }: Pick<TestDatabase, 'database' | 'keys' | 'clock'>, program: string, account: string): Promise<{ confirmed: string; refused: string; again: string }> {
  const { id: programId } = await database.prisma.program.findUniqueOrThrow({ where: { key: program } })
  const { accountId } = await database.prisma.accountIdentity.findUniqueOrThrow({ where: { externalId: account } })
  const recorder = { database, keys, clock, actorId: 1n, check: async () => answerOf('allow') }
  const give = (name: string): Promise<string> => database.inTransaction(async (transaction) => {
    const plan = rewardTransferPlan(await movablePositionsOf(transaction, [{ programId, accountId }]), 1_000_000n, 'host')
    const moved = await postMove(transaction, { ...recorder, now: clock.now() }, { naturalKey: Buffer.from(`host money ${name}`), programId, accountId, asset: 'USD', plan, settlement: 'host' })
    return moved.instruction?.publicId ?? ''
  })
  const [confirmed, refused, again] = [await give('confirmed'), await give('refused'), await give('again')]
  await answerInstruction(recorder, { instructionId: again, confirmed: 0n, refusal: 'closed' })
  return { confirmed, refused, again }
}
