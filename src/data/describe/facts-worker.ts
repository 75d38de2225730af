import { answerRequests } from "../pipeline/answer-requests.js";
import { createFactsCollector } from "./collect-facts.js";

answerRequests(createFactsCollector);
