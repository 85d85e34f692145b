// The desk of the channels and of what is tried, over real files, with a holder that a test moves.
import { channelDesk } from '../../src/engine/channel-desk.ts'
import { tryDesk } from '../../src/engine/try.ts'
import type { InForce } from '../../src/engine/in-force.ts'
import type { ChannelDesk, TryDesk } from '../../src/dashboard/channels/channel-parts.ts'
import { loadPolicy } from '../../src/policy/load.ts'
import type { Environment } from '../../src/settings.ts'
import { testEnvironment } from './policy.ts'

export type TestDesk = { readonly channels: ChannelDesk; readonly tryIt: TryDesk; readonly inForce: () => InForce; readonly asked: string[] }

/** `settings`: of a policy folder. A reload takes what is on disk, and asks nobody. */
export const aDesk = async (settings: Environment, now: () => Date): Promise<TestDesk> => {
  const env = { ...testEnvironment, ...settings }
  const load = async (): Promise<InForce> => {
    const { policy, proof, files, problems } = await loadPolicy(env)
    if (!policy || !proof) throw new Error(`${problems.length} problems`)
    return { policy, proof, files, since: '2026-11-22T08:00:00.000Z', keptIn: [] }
  }
  let inForce = await load()
  const asked: string[] = []
  const holder = { now: () => inForce, reload: async () => { asked.push('reload'); inForce = await load(); return 'taken' as const } }
  return {
    asked, inForce: () => inForce,
    channels: channelDesk({ holder, env: () => env, watch: { look: async () => { asked.push('follow') } }, now }),
    tryIt: tryDesk({ inForce: () => inForce, env, now }),
  }
}
