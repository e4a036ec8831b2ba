// The name a device gets at its first start: friendly, short, easy to say across a room. Not an identity: that is the peer ID.

const MOODS =
  'Brave Bright Calm Clever Cosy Eager Fair Fond Free Gentle Glad Golden Happy Honest Jolly Keen Kind Lively Lucky Merry Mild Neat Nimble Polite Proud Quick Quiet Ready Shiny Smart Sunny Swift Tidy Warm Wise Witty'.split(
    ' '
  )
const THINGS =
  'Almond Apple Apricot Banana Basil Berry Cashew Cherry Clover Coconut Fennel Fig Ginger Grape Guava Hazel Kiwi Lemon Lime Lychee Mango Maple Melon Mint Nutmeg Olive Orange Papaya Peach Pear Plum Pumpkin Quince Saffron Sesame Walnut'.split(
    ' '
  )

/** "Kind Mango". @param dice a number in [0, below) */
export function randomDeviceName(dice: (below: number) => number): string {
  return `${MOODS[dice(MOODS.length)]} ${THINGS[dice(THINGS.length)]}`
}
