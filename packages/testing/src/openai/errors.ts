import type { ApiError } from './script.js';

/** What OpenAI says with this status. */
export function apiError(status: number): ApiError {
  const known = errors[status];
  const type = known?.type ?? (status >= 500 ? 'server_error' : 'invalid_request_error');
  return { message: `Error ${status}`, code: null, param: null, ...known, type };
}

const errors: Readonly<Record<number, Partial<ApiError>>> = {
  400: { message: "Invalid value for 'model'.", code: 'invalid_value', param: 'model' },
  401: { message: 'Incorrect API key provided.', code: 'invalid_api_key' },
  403: { message: 'You are not allowed to use this model.', code: 'unsupported_country_region_territory' },
  404: { message: 'The model does not exist or you do not have access to it.', code: 'model_not_found' },
  409: { message: 'Conflict.' },
  429: { message: 'Rate limit reached.', type: 'requests', code: 'rate_limit_exceeded' },
  500: { message: 'The server had an error while processing your request.' },
  503: { message: 'The engine is currently overloaded, please try again later.' },
};
