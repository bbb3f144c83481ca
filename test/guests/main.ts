import { setup } from '../boot/build.ts';

// BYOI_GUESTS=NAME,… node build.mjs --run test/guests/main.ts: builds guests into .byoi/guests without booting them.
await setup();
