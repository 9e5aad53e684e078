// English: the same keys as in words.ru.js; a test compares them.

export const en = {
  product: "Pult", sandbox: "sandbox", title: "Pult · sandbox", today: "Today", yesterday: "Yesterday", units: "B KB MB GB",
  online: "connected", offline: "no connection, trying again", loading: "Loading the phones…",
  close: "Close", cancel: "Cancel", ok: "OK", copy: "Copy", copied: "Copied", back: "All chats",
  yes_delete: "Delete", language_button: "Переключить на русский", language_short: "RU",

  botfather: "BotFather: new bot", new_person: "New person", faults: "Faults", view: "View",
  show_guide: "Show the first steps", reset_view: "Reset view", reset_all: "Start all over",
  reset_all_sure: "Every bot, person, chat and fault of the sandbox will be forgotten. Tokens stop working.", reset_all_yes: "Forget everything",
  show_again: "Show", lane_staff: "Team", lane_customers: "Customers", phones: "Phones",

  guide: "First hour", guide_done: "Done! Everything works from end to end.", guide_close: "Hide the first steps", guide_step: "Step {n} of {all}",
  step1: "{name}: press START", step1_note: "Open the control bot on a staff phone.",
  step2: "Make a bot for customers", step2_note: "At BotFather: a name, an address in bot. Copy the token.",
  step3: "Connect it", step3_note: "Staff writes /connect and sends the token.",
  step4: "A customer writes", step4_note: "On a customer’s phone: START and any message.",
  step5: "Take it and answer", step5_note: "Staff presses “Take” and replies to the message.",

  staff: "staff", customer: "customer", bot: "bot", control_bot: "control bot", typing: "typing…", blocked_note: "you stopped this bot",
  not_receiving: "nobody has connected this bot", chats: "Chats", chat_list: "List of chats", no_chats: "Nobody to write to yet",
  no_chats_note: "Make a bot for customers and it will appear on this phone.", no_messages: "No messages yet", more_bots: "Other bots",
  start: "START", start_note: "Press START to begin talking to the bot.", restart: "Restart bot", block: "Stop and block bot",
  unblock: "Unblock", open_link: "Open a link or code", open_link_label: "A link t.me/bot?start=… or the code itself", open: "Open",
  hide_phone: "Remove phone from view", phone_menu: "Phone menu: {name}", bad_link: "That is neither a link to a bot nor a code", no_such_bot: "There is no bot @{name} here",
  phone_of: "Phone: {name}", unread: "Unread: {n}", service_opened: "Chat opened", to_bottom: "To the last message", pinned: "Pinned message", timeline: "Chat with {name}",
  pinned_n: "Pinned message {n} of {all}",

  message: "Message", write: "Message…", send: "Send", save: "Save", attach: "Attach", commands: "Menu", commands_label: "Commands of the bot",
  keyboard: "Buttons of the bot", reply_to: "Reply to {name}", editing: "Editing the message", you: "You", with_file: "Own files", ready: "Ready sample",
  photo: "Photo", album: "Album", video: "Video", video_note: "Round video", voice: "Voice", audio: "Music", document: "File",
  animation: "Animation", sticker: "Sticker", location: "Location", contact: "Contact", dice: "Dice", poll: "Poll",
  no_video: "This browser cannot record video: choose a file", album_size: "An album has 2 to 10 photos and videos",

  reply: "Reply", reply_quote: "Reply to the selection", edit: "Edit", delete: "Delete", forward: "Forward", copy_text: "Copy text",
  react: "React with {emoji}", unreact: "Remove {emoji}", delete_title: "Delete the message?", delete_note: "It disappears from the phone, but the bot is never told: Telegram does not report deletions to bots.",
  forward_title: "Forward to", forwarded: "Forwarded from {name}", edited: "edited", silent: "silent", protected: "forwarding forbidden",
  copy_forbidden: "The sender forbids copying and forwarding", message_actions: "Message actions", sent: "sent",
  no_answer: "The bot did not answer the press", gone: "The original message is gone", unavailable: "Cannot show this file", download: "Download", open_photo: "Open photo",
  play: "Play", pause: "Pause", copy_coordinates: "Copy coordinates", shared_contact: "Share your number?", shared_location: "Share your location?",
  share_contact_note: "The bot {bot} will get your name and phone number.", share_location_note: "The bot {bot} will know where you are.", share: "Share",
  inactive: "This button does nothing now", error_offline: "The sandbox server does not answer",
  alert: "The bot’s answer", spoiler: "Hidden text", album_of: "Album: {n}",

  bf_title: "BotFather", bf_lead: "Plays @BotFather: makes bots and gives out tokens. No account is needed.", bf_platform: "Messenger", bf_name: "Name of the bot", bf_username: "Address (ends in bot)",
  bf_name_sample: "Main Street Flowers", bf_create: "Create bot", bf_done: "The bot @{name} is there. Its token:", bf_next: "Copy the token and send it to the control bot after /connect.",
  bf_list: "Bots of the sandbox", bf_revoke: "Revoke", bf_revoke_note: "The old token no longer works, here is the new one", bf_control: "control", bf_copy_token: "Copy the token of @{name}",
  receiving_polling: "connected: polling", receiving_webhook: "connected: webhook", receiving_nothing: "not connected", bf_is_control: "Control bot",
  bf_manages: "May create and manage bots", managed_title: "New bot", managed_note: "{bot} asks you to create a bot, and will manage it.",

  person_title: "New person", person_name: "Name", person_username: "Username (optional)", person_language: "Language", person_role: "Who is it", person_create: "Add phone",
  person_name_sample: "Maria", russian: "Russian", english: "English",

  faults_lead: "Networks and messengers break. Switch a fault on and see what becomes of the messages.", fault_where: "Where", fault_api: "Requests of the bot to Telegram", fault_webhook: "Delivery to the bot (webhook)",
  fault_kind: "What happens", fault_bot: "Bot", fault_any_bot: "any", fault_person: "Person", fault_any_person: "anyone", fault_method: "Method", fault_times: "How often", fault_always: "until I switch it off",
  fault_retry_after: "Wait, s", fault_seconds: "Duration, s", fault_probability: "Probability, %", fault_add: "Switch on", fault_none: "Everything works.", fault_clear: "Switch all off",
  fault_remove: "Switch off: {name}", fault_left: "{n} left", fault_details: "Details",
  fault_429: "429: too many requests", fault_500: "500: server error", fault_reset_before: "Cut before the effect", fault_reset_after: "Cut after the effect", fault_timeout: "No answer", fault_slow: "Slow answer",
  fault_refused: "403: bot was blocked", fault_dns: "Host not found", fault_duplicate: "Every event three times", fault_drop: "An event does not arrive", fault_shuffle: "Events out of order",
  fault_429_note: "The request is refused, asked to wait.", fault_500_note: "The request is refused without a reason.", fault_reset_before_note: "The connection is cut, nothing happened.", fault_reset_after_note: "The message went out, the answer is lost.",
  fault_timeout_note: "The message went out, the answer never comes.", fault_slow_note: "The answer comes later.", fault_refused_note: "The recipient takes no more messages.", fault_dns_note: "The server’s name is not found.",
  fault_duplicate_note: "The bot gets the same thing three times.", fault_drop_note: "The delivery fails and is repeated later.", fault_shuffle_note: "Events arrive in random order.", fault_webhook_500_note: "The bot could not take the event.",
};
