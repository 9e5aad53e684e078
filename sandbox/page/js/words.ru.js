// Russian: the page's first language.

export const ru = {
  product: "Пульт", sandbox: "песочница", title: "Пульт · песочница", today: "Сегодня", yesterday: "Вчера", units: "Б КБ МБ ГБ",
  online: "на связи", offline: "связи нет, пробую снова", loading: "Загружаю телефоны…",
  close: "Закрыть", cancel: "Отмена", ok: "Понятно", copy: "Скопировать", copied: "Скопировано", back: "К чатам",
  yes_delete: "Удалить", language_button: "Switch to English", language_short: "EN",

  botfather: "BotFather: новый бот", new_person: "Новый человек", faults: "Неполадки", view: "Вид",
  show_guide: "Показать первые шаги", reset_view: "Вернуть вид", reset_all: "Начать всё заново",
  reset_all_sure: "Все боты, люди, переписки и неполадки песочницы будут забыты. Токены перестанут работать.", reset_all_yes: "Забыть всё",
  show_again: "Вернуть", lane_staff: "Команда", lane_customers: "Клиенты", phones: "Телефоны",

  guide: "Первый час", guide_done: "Готово! Всё работает от начала до конца.", guide_close: "Скрыть первые шаги", guide_step: "Шаг {n} из {all}",
  step1: "{name}: нажмите «СТАРТ»", step1_note: "На телефоне сотрудника откройте управляющего бота.",
  step2: "Создайте бота для клиентов", step2_note: "В BotFather: имя, адрес на bot. Скопируйте токен.",
  step3: "Подключите его", step3_note: "Сотрудник пишет /connect и присылает токен.",
  step4: "Клиент пишет боту", step4_note: "На телефоне клиента: «СТАРТ» и любое сообщение.",
  step5: "Возьмите и ответьте", step5_note: "У сотрудника: «Взять», затем ответ на сообщение.",

  staff: "сотрудник", customer: "клиент", bot: "бот", control_bot: "управляющий бот", typing: "печатает…", blocked_note: "бот остановлен вами",
  not_receiving: "бот никем не подключён", chats: "Чаты", chat_list: "Список чатов", no_chats: "Здесь пока не с кем переписываться",
  no_chats_note: "Создайте бота для клиентов, и он появится на этом телефоне.", no_messages: "Сообщений ещё нет", more_bots: "Другие боты",
  start: "СТАРТ", start_note: "Нажмите «СТАРТ», чтобы начать переписку с ботом.", restart: "Перезапустить бота", block: "Остановить и заблокировать",
  unblock: "Разблокировать", open_link: "Открыть ссылку или код", open_link_label: "Ссылка t.me/бот?start=… или сам код", open: "Открыть",
  hide_phone: "Убрать телефон с экрана", phone_menu: "Меню телефона: {name}", bad_link: "Это не ссылка на бота и не код", no_such_bot: "Бота @{name} здесь нет",
  phone_of: "Телефон: {name}", unread: "Непрочитанных: {n}", service_opened: "Чат открыт", to_bottom: "К последнему сообщению", pinned: "Закреплённое сообщение", timeline: "Переписка с {name}",
  pinned_n: "Закреплённое сообщение {n} из {all}",

  message: "Сообщение", write: "Сообщение…", send: "Отправить", save: "Сохранить", attach: "Вложение", commands: "Меню", commands_label: "Команды бота",
  keyboard: "Кнопки бота", reply_to: "Ответ: {name}", editing: "Изменение сообщения", you: "Вы", with_file: "Свои файлы", ready: "Готовый пример",
  photo: "Фото", album: "Альбом", video: "Видео", video_note: "Кружок", voice: "Голосовое", audio: "Музыка", document: "Файл",
  animation: "Анимация", sticker: "Стикер", location: "Место", contact: "Контакт", dice: "Кубик", poll: "Опрос",
  no_video: "Этот браузер не умеет записывать видео: выберите свой файл", album_size: "В альбоме от 2 до 10 фото и видео",

  reply: "Ответить", reply_quote: "Ответить на выделенное", edit: "Изменить", delete: "Удалить", forward: "Переслать", copy_text: "Копировать текст",
  react: "Поставить {emoji}", unreact: "Убрать {emoji}", delete_title: "Удалить сообщение?", delete_note: "Оно исчезнет с телефона, но бот об этом не узнает: Telegram не сообщает ботам об удалении.",
  forward_title: "Переслать в чат", forwarded: "Переслано от {name}", edited: "изменено", silent: "без звука", protected: "пересылка запрещена",
  copy_forbidden: "Копирование и пересылка запрещены отправителем", message_actions: "Действия с сообщением", sent: "отправлено",
  no_answer: "Бот не ответил на нажатие", gone: "Исходного сообщения уже нет", unavailable: "Файл не показать", download: "Скачать", open_photo: "Открыть фото",
  play: "Слушать", pause: "Пауза", copy_coordinates: "Скопировать координаты", shared_contact: "Поделиться номером?", shared_location: "Поделиться местом?",
  share_contact_note: "Бот {bot} получит ваше имя и номер телефона.", share_location_note: "Бот {bot} узнает, где вы.", share: "Поделиться",
  inactive: "Эта кнопка сейчас не действует", error_offline: "Сервер песочницы не отвечает",
  alert: "Ответ бота", spoiler: "Скрытый текст", album_of: "Альбом: {n}",

  bf_title: "BotFather", bf_lead: "Играет роль @BotFather: создаёт ботов и выдаёт токены. Никакой учётной записи не нужно.", bf_platform: "Мессенджер", bf_name: "Имя бота", bf_username: "Адрес (заканчивается на bot)",
  bf_name_sample: "Цветы на Мира", bf_create: "Создать бота", bf_done: "Бот @{name} создан. Его токен:", bf_next: "Скопируйте токен и пришлите управляющему боту после /connect.",
  bf_list: "Боты песочницы", bf_revoke: "Отозвать", bf_revoke_note: "Старый токен перестал работать, вот новый", bf_control: "управляющий", bf_copy_token: "Скопировать токен @{name}",
  receiving_polling: "подключён: опрос", receiving_webhook: "подключён: вебхук", receiving_nothing: "не подключён", bf_is_control: "Управляющий бот",
  bf_manages: "Может создавать ботов и управлять ими", managed_title: "Новый бот", managed_note: "{bot} предлагает создать бота и будет им управлять.",

  person_title: "Новый человек", person_name: "Имя", person_username: "Имя пользователя (необязательно)", person_language: "Язык", person_role: "Кто это", person_create: "Добавить телефон",
  person_name_sample: "Мария", russian: "русский", english: "английский",

  faults_lead: "Сеть и мессенджеры ломаются. Включите неполадку и посмотрите, что станет с сообщениями.", fault_where: "Где", fault_api: "Запросы бота к Telegram", fault_webhook: "Доставка боту (вебхук)",
  fault_kind: "Что случится", fault_bot: "Бот", fault_any_bot: "любой", fault_person: "Человек", fault_any_person: "любой", fault_method: "Метод", fault_times: "Сколько раз", fault_always: "пока не выключу",
  fault_retry_after: "Подождать, с", fault_seconds: "Длительность, с", fault_probability: "Вероятность, %", fault_add: "Включить", fault_none: "Всё исправно.", fault_clear: "Выключить все",
  fault_remove: "Выключить: {name}", fault_left: "осталось {n}", fault_details: "Уточнить",
  fault_429: "429: слишком часто", fault_500: "500: ошибка сервера", fault_reset_before: "Обрыв до действия", fault_reset_after: "Обрыв после действия", fault_timeout: "Нет ответа", fault_slow: "Медленный ответ",
  fault_refused: "403: бот заблокирован", fault_dns: "Адрес не найден", fault_duplicate: "Каждое событие трижды", fault_drop: "Событие не доходит", fault_shuffle: "События вперемешку",
  fault_429_note: "Запрос отклонён, просят подождать.", fault_500_note: "Запрос отклонён без объяснений.", fault_reset_before_note: "Соединение оборвано, ничего не произошло.", fault_reset_after_note: "Сообщение ушло, но ответ потерян.",
  fault_timeout_note: "Сообщение ушло, ответ так и не пришёл.", fault_slow_note: "Ответ придёт позже.", fault_refused_note: "Получатель больше не принимает сообщения.", fault_dns_note: "Сервер не находится по имени.",
  fault_duplicate_note: "Бот получит одно и то же три раза.", fault_drop_note: "Доставка срывается и повторится позже.", fault_shuffle_note: "События придут в случайном порядке.", fault_webhook_500_note: "Бот не смог принять событие.",
};
