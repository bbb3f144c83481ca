import type { Operation } from '../api.ts';
import type { Region } from '../region.ts';
import { Dispatcher } from './dispatcher.ts';
import { type Rule, ruleOperations, ruleQuota } from './rules.ts';

export function events(region: Region): Operation[] {
  const rules = region.table<Rule>('rules');
  const dispatcher = new Dispatcher(region, rules);
  region.eventRules = (tenancyId) => ruleQuota(region, rules, tenancyId);
  region.emit = (event) => dispatcher.emit(event);
  return [
    ...ruleOperations(region, rules),
    {
      name: 'LocalListDeliveries',
      method: 'GET',
      path: '/_local/events/deliveries',
      unsigned: true,
      handle: () => ({ body: { items: dispatcher.log } }),
    },
  ];
}
