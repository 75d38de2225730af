/**
 * How a tool's task is named in a thought, and how its result is told. Slots are arguments and results.
 * @type {Record<string, {need: string, told: string}>}
 */
export const phrases = {
  get_weather: {
    need: "the weather in {city}",
    told: "the weather in {city} is {sky} with {degrees} degrees",
  },
  get_time: { need: "the time in {city}", told: "the time in {city} is {time}" },
  get_population: {
    need: "the population of {city}",
    told: "the population of {city} is {thousands} thousand",
  },
  find_capital: { need: "the capital of {country}", told: "the capital of {country} is {capital}" },
  city_distance: {
    need: "the distance from {origin} to {target}",
    told: "the distance from {origin} to {target} is {kilometers} kilometers",
  },
  flight_price: {
    need: "the flight price from {origin} to {target}",
    told: "the flight from {origin} to {target} costs {dollars} dollars",
  },
  hotel_price: { need: "the hotel price in {city}", told: "the hotel in {city} costs {dollars} dollars" },
  share_price: {
    need: "the share price of {company}",
    told: "the share of {company} costs {dollars} dollars",
  },
  company_head: { need: "the head of {company}", told: "the head of {company} is {head}" },
  person_phone: { need: "the phone number of {person}", told: "the phone number of {person} is {phone}" },
  person_age: { need: "the age of {person}", told: "the age of {person} is {years} years" },
  book_author: { need: "the author of {title}", told: "the author of {title} is {author}" },
  book_shelf: { need: "the shelf of {title}", told: "the shelf of {title} is {shelf}" },
  convert_dollars: {
    need: "to convert {amount} dollars to {currency}",
    told: "{amount} dollars are {value} {currency}",
  },
  order_total: { need: "the total of {count} at {price}", told: "the total is {total} dollars" },
  translate_word: {
    need: "the word {word} in {language}",
    told: "the word {word} in {language} is {translation}",
  },
  find_river: { need: "the river of {country}", told: "the river of {country} is {river}" },
  city_height: { need: "the height of {city}", told: "the height of {city} is {meters} meters" },
  train_price: {
    need: "the train price from {origin} to {target}",
    told: "the train from {origin} to {target} costs {dollars} dollars",
  },
  person_employer: { need: "the employer of {person}", told: "the employer of {person} is {employer}" },
  book_pages: { need: "the pages of {title}", told: "the pages of {title} are {pages}" },
};
