import { serve } from '../support/serve.mjs';
import { startApplication } from './application.mjs';

await serve(startApplication);
