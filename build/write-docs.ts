import { writeFileSync } from 'node:fs';
import { terraformRules } from '../events/terraform.ts';
import { configurationPage } from './configuration-page.ts';
import { writePart } from './parts.ts';
import { WRITTEN_PARTS } from './written-parts.ts';

// Usage: npm run docs
writeFileSync('docs/configuration.md', configurationPage());
writeFileSync('deploy/stack/rules_declared.tf.json', terraformRules());
for (const { content, ...part } of WRITTEN_PARTS) writePart(part, await content());
