/** `node tests/clients/build.ts`: builds the programs and packages of others that tests call our APIs with. Needs Go and Python's pip. */
import { buildClients } from './built-clients.ts';

buildClients();
