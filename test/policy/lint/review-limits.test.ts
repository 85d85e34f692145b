// The table of owners and limits: what is wrong in it with file, line and column, and that a policy without it is whole.
import { describe, expect, test } from '@jest/globals'
import { dueBy, limitOf, spanInWords } from '../../../src/decide/review-limits.ts'
import { REVIEW_REASONS, type ReviewReason } from '../../../src/decide/review-reason.ts'
import { approvalsOf } from '../../../src/policy/approvals.ts'
import { fromKept } from '../../../src/policy/files.ts'
import { loadFiles } from '../../../src/policy/load.ts'
import { exampleTexts, expectProblem, loadTexts, withChanges, type BrokenRow as Row } from '../../support/broken-policy.ts'
import { testEnvironment } from '../../support/policy.ts'

const LIMITS = 'mappings/review-limits.csv'
const HEADER = exampleTexts[LIMITS]!.split('\n')[0]!
const REASONS = Object.keys(REVIEW_REASONS) as readonly ReviewReason[]
const without = Object.fromEntries(Object.entries(exampleTexts).filter(([file]) => file !== LIMITS))
const within = (put: string): Row[1] => [LIMITS, ',10 working days,', `,¦${put},`]
const owner = (put: string): Row[1] => [LIMITS, '\ncode,Head of clinical records,', `\ncode,¦${put},`]
const FORM = 'within: write how long as 4 working hours or as 3 working days'
const BOUNDS = 'within: a limit is from 1 to 40 working hours, or from 1 to 60 working days'
const ROLE = 'owner: an owner is a role, never a person: write the role, such as Clinical records team'

const rows: readonly Row[] = [
  ['a reason that is near one', [LIMITS, '\nexternal,', '\n¦externl,'], `reason: write one of ${REASONS.join(', ')}; did you mean external?`],
  ['a reason with a capital', [LIMITS, '\nexternal,', '\n¦External,'], `reason: write one of ${REASONS.join(', ')}; did you mean external?`],
  ['a reason that is near none', [LIMITS, '\nexternal,', '\n¦weather,'], `reason: write one of ${REASONS.join(', ')}`],
  ['no reason', [LIMITS, '\nexternal,', '\n¦,'], `reason: write one of ${REASONS.join(', ')}`],
  ['a reason twice', [LIMITS, /$/u, '¦code,Duty analyst,2 working days,Director of Operations,2026-10-01\n'], 'reason: "code" stands on line 12 already: keep one of them'],
  ['a number alone', within('10'), FORM],
  ['days of the calendar', within('10 days'), FORM],
  ['half a day', within('1.5 working days'), FORM],
  ['no limit', within(''), FORM],
  ['no time at all', within('0 working hours'), BOUNDS],
  ['a year', within('250 working days'), BOUNDS],
  ['more hours than a week has', within('41 working hours'), BOUNDS],
  ['no owner', owner(''), 'owner: this must not be empty'],
  ['nobody yet', owner('tbc'), 'owner: "tbc" is no role: write the role that sees to it, such as Clinical records team'],
  ['a person with a title', owner('Dr Jane Example'), ROLE],
  ['a mail address', owner('records@trust.example'), ROLE],
  ['a telephone number', owner('Records 020 7946 0000'), ROLE],
  ['an owner who does not fit a table', owner('A'.repeat(61)), 'owner: an owner has at most 60 characters: write the role alone'],
  ['approved by nobody', [LIMITS, /(\ncode,.*,)Chief[^,]+(,)/u, '$1¦n/a$2'], 'approved_by: "n/a" is no role: write the role that approved it, such as Director of Operations'],
  ['approved on a day to come', [LIMITS, /(\ncode,.*,)2026-10-01/u, '$1¦2126-10-01'], /^approved_on: 2126-10-01 is still to come/u],
  ['a column misspelt', [LIMITS, ',within,', ',¦whithin,'], 'whithin: there is no column whithin: did you mean within?'],
]
describe('is told where it stands, with what to write', () => { test.each(rows)('%s', (...row) => expectProblem(row)) })

describe('what the table leaves out', () => {
  const own = (reason: ReviewReason) => ({ owner: REVIEW_REASONS[reason].owner, within: REVIEW_REASONS[reason].within })
  test('keeps what the engine has: one row', () => {
    const { policy, lines } = loadTexts({ ...without, [LIMITS]: `${HEADER}\nexternal,Medical director,4 working hours,Director of Operations,2026-10-01\n` })
    expect(lines).toEqual([])
    for (const reason of REASONS) expect(limitOf(policy!.reviewLimits, reason)).toEqual(reason === 'external' ? { owner: 'Medical director', within: { working_hours: 4 } } : own(reason))
  })
  test.each([['no row', { ...without, [LIMITS]: `${HEADER}\n` }], ['no table', without]])('keeps what the engine has: %s', (_, texts) => {
    const { policy, lines } = loadTexts(texts)
    expect([lines, policy!.reviewLimits]).toEqual([[], {}])
  })
  test('is not missed in a policy that was kept from before', () => {
    const { policy, problems } = loadFiles(fromKept(without, 'kept: '), testEnvironment)
    expect([problems, policy!.reviewLimits]).toEqual([[], {}])
  })
})

test('whichever channel says that nobody works on a day, the limits of reviews know it', () => {
  const channels = [
    ['channels/pkb.yaml', /$/u, 'extra_bank_holidays: ["2027-05-07", "2027-06-04"]\n'], ['channels/rio-http.yaml', '{ working_hours: 4 }', '{ working_hours: 4, not_on: ["2027-05-07", "2027-05-14"] }'],
  ] as const
  const { policy, lines } = loadTexts(withChanges(channels))
  expect([lines, policy!.reviewLimits.not_on]).toEqual([[], ['2027-05-07', '2027-05-14', '2027-06-04']])
  expect(dueBy('2027-05-06T10:00:00.000Z', limitOf(policy!.reviewLimits, 'moved'))).toBe('2027-05-10T23:00:00.000Z')
  expect(approvalsOf(policy!, { [LIMITS]: '' })).toEqual([{ file: LIMITS, by: 'Chief Clinical Information Officer', on: '2026-10-01', rows: REASONS.length }])
})

test('a table with another limit is another policy', () => {
  const hash = (texts: typeof exampleTexts) => loadTexts(texts).policy!.hash
  expect(hash(withChanges([[LIMITS, ',10 working days,', ',5 working days,']]))).not.toBe(hash(exampleTexts))
})

test('the table that is shipped names every reason, with what the engine has', () => {
  const { policy } = loadTexts(exampleTexts)
  for (const reason of REASONS) expect(policy!.reviewLimits[reason]).toMatchObject({ owner: REVIEW_REASONS[reason].owner, within: spanInWords(REVIEW_REASONS[reason].within) })
})
