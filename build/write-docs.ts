import { writeFileSync } from 'node:fs';
import { configurationPage } from './configuration-page.ts';

// Usage: npm run docs
writeFileSync('docs/configuration.md', configurationPage());
