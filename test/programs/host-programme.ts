// A programme whose main balance the host keeps: money by the member's step, and a track of days that are granted by themselves.

import type { NewProgram, ProgramRulesInput } from '../../src/policies/index.ts'

export const hostRules: ProgramRulesInput = {
  base: 'recharge', asset: 'USD', reward: { kind: 'rate', ratePpm: 100_000 }, settlement: 'host',
  movement: { rewardTransfer: 'manual', payout: null },
  enforcement: { actions: ['hold', 'cancel', 'freeze', 'reclaim', 'restrict'], termsVersion: '1', termsUrl: 'https://example.com/terms' },
  linkTemplate: 'https://example.com/?ref={code}', shareText: { en: 'Join me: {link} (advertisement)' },
}

/** What is earned matures in a minute and then moves by itself. */
export const automaticRules: ProgramRulesInput = { ...hostRules, maturitySeconds: 60, movement: { rewardTransfer: 'automatic', payout: null } }

export const hostProgram = (key: string, rules: ProgramRulesInput): NewProgram => ({ key, name: key, versions: [{ effectiveFrom: new Date('2000-01-01T00:00:00Z'), content: rules }] })
