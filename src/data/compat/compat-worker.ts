import { answerRequests } from "../pipeline/answer-requests.js";
import { type CompatOptions, createCompatRenderer } from "./compat-renderer.js";
import type { RenderRequest } from "./compat-renderers.js";

answerRequests((options: CompatOptions) => {
  const renderer = createCompatRenderer(options);
  return (request: RenderRequest) =>
    "batch" in request ? renderer.render(request.batch) : renderer.write(request.places);
});
