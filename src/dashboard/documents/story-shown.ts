// A document's page, for whoever may see it: who the patient is only for visitors who may know, and never before it is
// written down that they looked. It refuses to build the page of one from what the other may see.
import type { Response } from 'express'
import type { Story } from '../../ledger/ledger.ts'
import { keptBy } from '../stops/held-by.ts'
import { looked } from './looks.ts'
import type { DashboardParts } from '../parts.ts'
import { storyView } from './story-view.ts'
import { show } from '../views.ts'
import { may } from '../visitor.ts'

export const showStory = async (parts: Pick<DashboardParts, 'ledger' | 'policy' | 'now'>, res: Response, story: Story, more: { readonly given?: object; readonly [name: string]: unknown } = {}): Promise<void> => {
  const unmasked = may(res, 'patients')
  if (unmasked) await looked(res, story.id, 'story')
  show(res, 'story.njk', { given: {}, ...more, story: storyView(story, parts.policy(), parts.now(), await keptBy(parts, story), unmasked) })
}
