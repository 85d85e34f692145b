// Every question to the ledger, and every change, that needs nothing but the pool. `asking.ts` hands it to them; what needs the
// committer or a lock beside it is in `open.ts`.
import { accountRefused } from './accounts.ts'
import { knownAt, policyAt, policyOf } from './as-of.ts'
import { assurance } from './assurance.ts'
import { channelActivity, channelReports, haltChannel, haltedChannels, notePolicyAsked, reportChannels } from './channels.ts'
import { codesSeen } from './codes-seen.ts'
import { verifyChain, walkChain } from './events.ts'
import { behindFlow, changesSince, flow, forgetStates, noteStates, refusals } from './flow.ts'
import { incidents, judgeIncidents, lastArrivals, notificationsDue, notified, notNotified, oldestOwed, report, reported, takeIncident, tellingWays } from './incidents.ts'
import { looked } from './looks.ts'
import { observed } from './observed.ts'
import { lookAgain, policiesCalled, policyHistory, policyInForce } from './policies.ts'
import { due, receipt, rejections, story, troubled } from './queries.ts'
import { unread } from './reads.ts'
import { compareExtract, reconciled, reconciliation } from './reconciliation.ts'
import { references, revisions } from './references.ts'
import { replayCount, replayPage } from './replay.ts'
import { lastRole, review, reviews } from './reviews.ts'
import { runsUnderWay } from './run-drive.ts'
import { changeRun, resourcesOf, run, runReport, runs } from './runs.ts'
import { estimate, list } from './search.ts'
import { countTry, endSessions, knownBrowser, session, sessionsOf, signInRefused, startSession, uncountTry } from './sessions.ts'
import { changePassword, changeRoles, codeUse, disableStaff, enableStaff, firstCode, inviteStaff, provideStaff, resetStaff, staff, staffNamed, useFirstCode, usePasswordCode } from './staff.ts'
import { pullStop, stops, waiting } from './stops.ts'
import { makeOutcomes, outcomeDay, outcomeDays, outcomeLines, outcomeMailed, outcomeMailsDue, outcomeMailsRefused, outcomesUnwritten, outcomesWritten } from './team-outcomes.ts'
import { makeToken, revokeToken, tokenBy, tokens } from './tokens.ts'
import { trail } from './trail.ts'

export const QUESTIONS = {
  // Documents, deliveries, and what PKB says of people.
  due, accountRefused, unread, pullStop, stops, waiting, list, estimate, story, knownAt, policyAt, policyOf, troubled, runs, run, runReport,
  resourcesOf, changeRun, runsUnderWay, receipt, rejections, verifyChain, walkChain, trail, makeToken, revokeToken, tokenBy, tokens, looked,
  references, revisions, replayPage, replayCount, observed, reconciliation, reconciled, compareExtract, assurance, reviews, review, lastRole,
  codesSeen, flow, behindFlow, refusals, noteStates, forgetStates, changesSince, policyInForce, policyHistory, policiesCalled, lookAgain,
  // What people say of channels, and what processes do.
  haltChannel, haltedChannels, reportChannels, channelReports, channelActivity, notePolicyAsked,
  // What is wrong, and whom that is told.
  report, reported, tellingWays, lastArrivals, oldestOwed, judgeIncidents, incidents, takeIncident, notificationsDue, notified, notNotified,
  // The daily outcome of each team.
  makeOutcomes, outcomeDay, outcomeDays, outcomeLines, outcomesUnwritten, outcomesWritten, outcomeMailsRefused, outcomeMailsDue, outcomeMailed,
  // Who may come in, and who is there.
  staff, staffNamed, inviteStaff, resetStaff, changeRoles, disableStaff, enableStaff, changePassword, provideStaff, firstCode, codeUse, useFirstCode,
  usePasswordCode, startSession, session, sessionsOf, endSessions, knownBrowser, countTry, uncountTry, signInRefused,
}
